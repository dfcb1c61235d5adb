package capture

import (
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"math/bits"
	"net/netip"
	"os"
	"slices"
	"time"
)

// Options say how a Source is read.
type Options struct {
	BlockSize int  // bytes read at a time; records do not depend on it
	Hash      bool // SHA-256 of the file as given: of a compressed file here, of a plain one by whoever takes Block.Fresh
}

// Block is a piece of a capture and the records in it. Its buffer is used again by the next call of Reader.Next with it.
type Block struct {
	Records []Record
	buf     []byte
	fresh   []byte
	freshAt int64
}

// Fresh returns the bytes that this block adds to the file as given, to be hashed in order. It is nil for a compressed file, which the
// Reader hashes itself.
func (b *Block) Fresh() []byte { return b.fresh }

// FreshAt is where in the file the first of these bytes is.
func (b *Block) FreshAt() int64 { return b.freshAt }

// NameEntry is one name of a name-resolution block of pcapng: what the capturing program said, not the wire.
type NameEntry struct {
	Name   string
	Addr   netip.Addr
	Frame  uint64 // number of the last frame before the block
	Offset int64
}

// framer cuts records of one format out of a buffer. cut returns how many bytes it has used; the rest comes again, in front of
// the next bytes. It keeps the Info up to date, and says in need how many bytes it must see at once to go on, 0 if any will do.
type framer interface {
	cut(r *Reader, buf []byte, b *Block) (used int)
}

// Reader reads the records of one capture. It is used by one goroutine.
type Reader struct {
	src     io.Reader
	raw     io.Reader // of a compressed file: its bytes as given
	closers []io.Closer
	opt     Options
	framer  framer
	ordinal uint32
	plain   bool        // not compressed
	file    *os.File    // a plain file that can be read again; else nil
	opened  os.FileInfo // of file, when it was opened
	sum     hash.Hash

	info    Info
	names   []NameEntry
	tail    []byte // bytes of the last block that were no whole record
	need    int    // bytes that the framer must see at once
	offset  int64  // of the first byte of the buffer being cut, in the decompressed file
	read    int64  // bytes read of the decompressed file
	stopped bool   // nothing behind this point can be read
	eof     bool
	frame   uint64
	last    int64 // time of the last record
	ranged  bool  // first and last are set
	firstNS int64
	lastNS  int64
}

// Next fills b with the records of the next piece. It returns io.EOF when there are no more; b may hold records then. Damage is no
// error but counted in Info; an error is a file that can't be read.
func (r *Reader) Next(b *Block) error {
	b.Records, b.fresh = b.Records[:0], nil
	if r.eof {
		return io.EOF
	}
	size := len(r.tail) + max(r.blockSize(), r.need-len(r.tail))
	b.buf = slices.Grow(b.buf[:0], size)[:size]
	kept := copy(b.buf, r.tail)
	n, err := readFull(r.src, b.buf[kept:])
	b.freshAt = r.read
	r.read += int64(n)
	b.buf = b.buf[:kept+n]
	if r.plain {
		b.fresh = b.buf[kept:]
	}
	if err != nil {
		r.eof = true
		r.readError(err)
	}
	r.need = 0
	if !r.stopped {
		used := r.framer.cut(r, b.buf, b)
		r.offset += int64(used)
		r.tail = append(r.tail[:0], b.buf[used:]...)
		if r.eof && !r.stopped && len(r.tail) > 0 {
			r.cutTail()
		}
	} else {
		r.tail = r.tail[:0]
	}
	if r.stopped {
		r.tail = r.tail[:0]
	}
	if r.eof {
		r.finish()
		return io.EOF
	}
	return nil
}

// blockSize is how many bytes are read at a time. Of a small file it is no more than the file has, and one that finds its end: thousands of them may be read side by side.
func (r *Reader) blockSize() int {
	if left := r.info.Bytes - r.read; r.plain && 0 <= left && left < int64(r.opt.BlockSize) && r.info.Bytes > 0 {
		return int(left) + 1
	}
	return r.opt.BlockSize
}

// checkSize compares what was read of a plain file with its size when it was found: one may be written to, or cut, meanwhile.
func (r *Reader) checkSize() {
	if !r.plain || r.info.Bytes == 0 {
		return
	}
	if r.read < r.info.Bytes && !r.info.Truncated {
		r.info.Truncated = true
		r.damage("became shorter while it was read", r.read)
	}
	r.info.Bytes = r.read
}

// readFull fills b as far as it can. Its error is the source's own: unlike io.ReadFull's, it tells the end of a file from a
// compressed stream that is cut.
func readFull(src io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = src.Read(b[n:])
		n += k
	}
	return n, err
}

// readError sorts the errors of the source: the end of the file is none.
func (r *Reader) readError(err error) {
	if err == io.EOF {
		return
	}
	r.info.Truncated = true
	r.damage("unreadable: "+err.Error(), r.offset+int64(len(r.tail)))
}

// cutTail counts the bytes at the end that are no whole record.
func (r *Reader) cutTail() {
	r.info.Truncated = true
	r.damage("cut in the middle of a record", r.offset)
}

// damage counts one piece of damage.
func (r *Reader) damage(reason string, offset int64) {
	for i := range r.info.Damage {
		if d := &r.info.Damage[i]; d.Reason == reason {
			d.Count++
			return
		}
	}
	r.info.Damage = append(r.info.Damage, Damage{Reason: reason, Count: 1, FirstOffset: offset, FirstFrame: r.frame + 1})
}

// stop is damage behind which nothing can be read.
func (r *Reader) stop(reason string, offset int64) {
	r.damage(reason, offset)
	r.stopped = true
}

// pass counts a block that is no packet, and that Wireshark (4.0) yet numbers as a frame.
func (r *Reader) pass() { r.frame++ }

// add appends one record to the block and counts it. Its place in the file and its interface are the caller's to fill in: a Record is large, and is not
// made elsewhere and copied.
func (r *Reader) add(b *Block, data []byte, wire uint32, now int64) *Record {
	r.frame++
	i := &r.info
	i.Packets++
	i.WireBytes += uint64(wire)
	i.CapturedBytes += uint64(len(data))
	if uint32(len(data)) < wire {
		i.SnappedPackets++
	}
	if !r.ranged {
		r.ranged, r.firstNS, r.lastNS = true, now, now
	} else if now < r.last {
		i.BackwardSteps++
	}
	r.last = now
	r.firstNS, r.lastNS = min(r.firstNS, now), max(r.lastNS, now)
	rec := b.room()
	rec.Data, rec.Wire, rec.Time = data, wire, now
	rec.Frame, rec.Capture, rec.Interface = r.frame, r.ordinal, 0
	return rec
}

// room is the place of one record more. What is there may be of another.
func (b *Block) room() *Record {
	n := len(b.Records)
	if n == cap(b.Records) {
		b.Records = slices.Grow(b.Records, 1)
	}
	b.Records = b.Records[:n+1]
	return &b.Records[n]
}

func (r *Reader) finish() {
	r.checkSize()
	if r.ranged {
		r.info.First, r.info.Last = time.Unix(0, r.firstNS).UTC(), time.Unix(0, r.lastNS).UTC()
	}
	if r.sum != nil {
		// The decompressor may leave bytes of the file unread: all of them are evidence.
		if _, err := io.Copy(io.Discard, r.raw); err != nil {
			r.readError(err)
		}
		r.info.SHA256 = fmt.Sprintf("%x", r.sum.Sum(nil))
	}
	for i := range r.info.Interfaces {
		r.info.Interfaces[i].LinkName = r.info.Interfaces[i].Link.String()
	}
}

// Again says whether Bytes can read the file again: it is a plain one, of a disk.
func (r *Reader) Again() bool { return r.file != nil }

// Bytes reads n bytes of a file again, from at on, whatever Next does meanwhile. They are the bytes that Next has seen, unless the file has Changed.
func (r *Reader) Bytes(at, n int64) io.Reader { return io.NewSectionReader(r.file, at, n) }

// Changed says whether a file that can be read again was written to, or cut, since it was opened: whether its size or its time of change is another.
func (r *Reader) Changed() bool {
	if r.file == nil {
		return false
	}
	now, err := r.file.Stat()
	return err != nil || now.Size() != r.opened.Size() || !now.ModTime().Equal(r.opened.ModTime())
}

// Info is what is known of the capture; complete when Next has returned io.EOF.
func (r *Reader) Info() *Info { return &r.info }

// Names are the entries of name-resolution blocks met so far.
func (r *Reader) Names() []NameEntry { return r.names }

// Close closes the file.
func (r *Reader) Close() error {
	var err error
	for _, c := range slices.Backward(r.closers) {
		err = errors.Join(err, c.Close())
	}
	return err
}

// stamp is ticks of a clock with perSecond ticks a second, plus offset seconds, in nanoseconds since 1970; saturated, and counted,
// where int64 does not hold it.
func (r *Reader) stamp(ticks, perSecond uint64, offset int64) int64 {
	ns, ok := nanoseconds(ticks, perSecond, offset)
	if !ok {
		r.info.SaturatedTimes++
	}
	return ns
}

const nsPerSecond = 1_000_000_000

func nanoseconds(ticks, perSecond uint64, offset int64) (int64, bool) {
	sec, ok := addSat(int64(min(ticks/perSecond, math.MaxInt64)), offset)
	if !ok || sec > math.MaxInt64/nsPerSecond-1 || sec < math.MinInt64/nsPerSecond+1 {
		if sec < 0 {
			return math.MinInt64, false
		}
		return math.MaxInt64, false
	}
	return sec*nsPerSecond + int64(fraction(ticks%perSecond, perSecond)), true
}

func addSat(a, b int64) (int64, bool) {
	c := a + b
	if (c > a) == (b > 0) {
		return c, true
	}
	if b > 0 {
		return math.MaxInt64, false
	}
	return math.MinInt64, false
}

// fraction is frac ticks of a clock with perSecond ticks a second in nanoseconds, rounded down; frac < perSecond.
func fraction(frac, perSecond uint64) uint64 {
	hi, lo := bits.Mul64(frac, nsPerSecond)
	q, _ := bits.Div64(hi, lo, perSecond)
	return q
}
