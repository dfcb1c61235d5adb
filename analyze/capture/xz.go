package capture

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/ulikunitz/xz"
)

// xzReader holds an xz decoder to what it does not see: a file that ends between two blocks, or before its index, is cut.
type xzReader struct {
	io.Reader
	tail *tail
}

func (x xzReader) Read(b []byte) (int, error) {
	n, err := x.Reader.Read(b)
	if err == io.EOF && x.tail.last != xzFooter {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// xzFooter is what each stream ends with, but for zeros (the xz file format, sections 2.1.2.4 and 2.2).
var xzFooter = [2]byte{'Y', 'Z'}

// tail remembers the last two bytes that were read, zeros behind them aside.
type tail struct {
	r    io.Reader
	last [2]byte
}

func (t *tail) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	end := bytes.TrimRight(b[:n], "\x00")
	switch len(end) {
	case 0:
	case 1:
		t.last = [2]byte{t.last[1], end[0]}
	default:
		t.last = [2]byte(end[len(end)-2:])
	}
	return n, err
}

// openXZ refuses a dictionary beyond maxWindow, which the decoder would allocate at once. Only the first block is looked at.
func openXZ(r io.Reader) (io.Reader, error) {
	t := &tail{r: r}
	br := bufio.NewReaderSize(t, headLen)
	const streamHeader, longest = 12, 1024 // of a block header
	head, err := br.Peek(streamHeader + longest)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if size := xzDictionary(head[min(len(head), streamHeader):]); size > maxWindow {
		return nil, fmt.Errorf("a dictionary of %d MiB is more than the %d MiB that are read", size>>20, maxWindow>>20)
	}
	x, err := xz.NewReader(br)
	if err != nil {
		return nil, err
	}
	return xzReader{x, t}, nil
}

// xzDictionary is the size of the dictionary that a block header asks for (sections 3.1 and 5.3.1), 0 where it says none.
func xzDictionary(b []byte) int64 {
	const lzma2, sizes = 0x21, 0xc0
	if len(b) < 2 {
		return 0
	}
	at := 2
	for flag := b[1] & sizes; flag != 0; flag &= flag - 1 { // each a number of seven bits a byte
		for at < len(b) && b[at]&0x80 != 0 {
			at++
		}
		at++
	}
	if at+2 >= len(b) || b[at] != lzma2 || b[at+1] != 1 {
		return 0
	}
	const most = 40 // 4 GiB less one byte
	bits := min(b[at+2], most)
	return (2 | int64(bits&1)) << (bits/2 + 11)
}
