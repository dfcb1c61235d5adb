package hostname

import (
	"bytes"
	"compress/flate"
	"io"

	"golang.org/x/crypto/cryptobyte"

	"phonehome/analyze/flow"
	"phonehome/analyze/personal"
)

// Opcodes and bits of frames (RFC 6455, section 5.2).
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPong         = 10

	bitFinal    = 0x80
	bitPacked   = 0x40 // RSV1: the message is compressed (RFC 7692, section 6)
	bitsUnknown = 0x30
	bitMasked   = 0x80

	longestControl = 125 // section 5.5
)

const (
	// deflateWindow is how far back a compressed message may point (RFC 1951, section 2; RFC 7692, section 7.1.2).
	deflateWindow = 32 << 10
	// deflateTail is what a sender left out at the end of each message (RFC 7692, section 7.2.1), and an empty last block, so that a decoder ends there.
	deflateTail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
)

// socketFrame is the header of a frame.
type socketFrame struct {
	opcode        byte
	final, packed bool
	key           [4]byte
	length        int // of the header
	payload       int // bytes behind it
}

// parseSocketFrame reads the header of a frame. A client masks what it sends, and a server does not (RFC 6455, section 5.1).
func parseSocketFrame(data []byte, masked bool) (f socketFrame, is match) {
	in := cryptobyte.String(data)
	var bits, size uint8
	if !in.ReadUint8(&bits) || !in.ReadUint8(&size) {
		return f, maybe
	}
	f.opcode, f.final, f.packed = bits&0xf, bits&bitFinal != 0, bits&bitPacked != 0
	f.payload = int(size &^ bitMasked)
	if bits&bitsUnknown != 0 || (size&bitMasked != 0) != masked || !f.known() {
		return f, no
	}
	if !f.extended(&in) || masked && !in.CopyBytes(f.key[:]) {
		return f, maybe
	}
	f.length = len(data) - len(in)
	return f, yesIf(f.payload <= rest)
}

// extended reads the length that stands in place of two values of the short one.
func (f *socketFrame) extended(in *cryptobyte.String) bool {
	switch f.payload {
	case 126:
		var size uint16
		ok := in.ReadUint16(&size)
		f.payload = int(size)
		return ok
	case 127:
		var size uint64
		ok := in.ReadUint64(&size)
		f.payload = int(min(size, rest+1))
		return ok
	}
	return true
}

// known says whether the opcode is one, and what stands with it allowed.
func (f *socketFrame) known() bool {
	switch {
	case f.opcode == opContinuation:
		return !f.packed
	case f.control():
		return f.opcode <= opPong && f.final && !f.packed && f.payload <= longestControl
	}
	return f.opcode == opText || f.opcode == opBinary
}

func (f *socketFrame) control() bool { return f.opcode >= opClose }

// webSocket reads what one end sends in frames after both agreed on that in HTTP/1 (RFC 6455, section 5). Its messages are looked at as bodies are.
type webSocket struct {
	masked  bool // it is the client's end
	frame   socketFrame
	left    int    // bytes of the frame that are still to come
	turn    int    // bytes of the frame that have come: the key goes round with them
	open    bool   // a message has begun, and not ended
	packed  bool   // that message is compressed
	lost    bool   // the place is not known, or enough was looked at
	window  []byte // the end of what compressed messages held: those that follow may point into it
	scanned int
	mqtt    *mqttReader // of what lies in the messages
}

// read takes what came next; c collects the messages.
func (w *webSocket) read(n *Namer, m *flow.Meta, c *cleartext, data []byte) (used int, more flow.More) {
	for used < len(data) && !w.lost {
		k := w.next(n, m, c, data[used:])
		if used += k; k == 0 {
			return used, flow.Go
		}
		if w.open && w.frame.final && w.left == 0 {
			w.message(n, c)
		}
	}
	if w.lost {
		w.end(n, c)
		return rest, flow.Go
	}
	return used, flow.Go
}

// next reads the header of a frame, a control frame, or a part of a payload. What is more than is looked at is passed over.
func (w *webSocket) next(n *Namer, m *flow.Meta, c *cleartext, data []byte) (used int) {
	if w.left == 0 {
		return w.begin(n, data)
	}
	if c.enough {
		used, w.left = w.left, 0
		return used
	}
	used = min(w.left, len(data))
	from := len(c.text)
	c.collect(n, m, data[:used])
	if w.masked {
		for i := range c.text[from:] {
			c.text[from+i] ^= w.frame.key[(w.turn+i)&3]
		}
	}
	w.left -= used
	w.turn += used
	return used
}

// begin reads a header. Control frames may stand among the frames of a message (section 5.4), and are passed over.
func (w *webSocket) begin(n *Namer, data []byte) (used int) {
	f, is := parseSocketFrame(data, w.masked)
	switch {
	case is == maybe:
		return 0
	case is == yes && f.control():
		return f.length + f.payload
	case is == no || (f.opcode == opContinuation) != w.open:
		w.lost = true
		return len(data)
	case w.scanned > maxMessages:
		n.hit(limitContent)
		w.lost = true
		return len(data)
	}
	w.frame, w.left, w.turn = f, f.payload, 0
	if !w.open {
		w.open, w.packed = true, f.packed
	}
	return f.length
}

// message looks at the message that was collected, whole or not, and lets go of it.
func (w *webSocket) message(n *Namer, c *cleartext) {
	w.open = false
	text, whole := c.text, !c.enough && w.left == 0 && w.frame.final
	if w.packed {
		text, whole = w.inflate(n, c.text, whole)
	}
	switch {
	case w.mqtt != nil || w.scanned == 0 && detectMQTT(&c.from, text) == yes:
		w.publish(n, &c.from, text, whole)
	case w.scanned == 0 && isTunnel(&c.from, text):
		w.lost = true
	case len(text) > 0:
		personal.Body("", "", text, n.limits.Content, n.report(&c.reported, &c.from, inSocket))
	}
	c.drop(n)
	w.scanned += len(text)
}

// publish hands a message on to the reader of MQTT, whose packets go over messages as they like (MQTT 5.0, section 6). What follows one that is not whole, or that ends within the
// header of a packet, is not put together with it.
func (w *webSocket) publish(n *Namer, m *flow.Meta, text []byte, whole bool) {
	if w.mqtt == nil {
		w.mqtt = new(mqttReader)
	}
	if used, _ := w.mqtt.read(n, nil, m, text); used < len(text) || !whole {
		w.mqtt.gap(n, nil, m, 0)
	}
}

// isTunnel says whether what an end says first begins another protocol, in which nothing more can be read.
func isTunnel(m *flow.Meta, first []byte) bool {
	return detectTLS(m, first) == yes || detectSSH(m, first) == yes
}

// inflate decompresses a message, or what was collected of it, and says whether that is all. Where messages don't point into those before them, the window is of no use, and of no
// harm; where it is not known any more, those that do so are decompressed up to there.
func (w *webSocket) inflate(n *Namer, packed []byte, whole bool) (text []byte, all bool) {
	in := []io.Reader{bytes.NewReader(packed)}
	if whole {
		in = append(in, bytes.NewReader([]byte(deflateTail)))
	}
	text, err := io.ReadAll(io.LimitReader(n.inflater(io.MultiReader(in...), w.window), int64(n.limits.Content)))
	if !whole || err != nil || len(text) == n.limits.Content {
		w.forget(n)
		return text, false
	}
	w.slide(n, text)
	return text, true
}

// inflater decompresses what in holds, and may point into window. There is one a Namer: it takes more memory than most messages.
func (n *Namer) inflater(in io.Reader, window []byte) io.Reader {
	if r, ok := n.flate.(flate.Resetter); ok && r.Reset(in, window) == nil {
		return n.flate
	}
	n.flate = flate.NewReaderDict(in, window)
	return n.flate
}

// slide keeps the end of what was said. Windows take at most half of what a shard may collect: beyond it they are not kept.
func (w *webSocket) slide(n *Namer, text []byte) {
	before := len(w.window)
	text = text[max(0, len(text)-deflateWindow):]
	over := max(0, before+len(text)-deflateWindow) // dropped first, so that what is kept takes little more than what is counted
	w.window = append(append(w.window[:0], w.window[over:]...), text...)
	n.content += len(w.window) - before
	if n.content > n.limits.ContentShard/2 {
		n.hit(limitContent)
		w.forget(n)
	}
}

func (w *webSocket) forget(n *Namer) {
	n.content -= len(w.window)
	w.window = nil
}

// gap goes on behind what is missing where that is within a frame: its message is looked at up to there.
func (w *webSocket) gap(n *Namer, c *cleartext, missing int64) {
	if missing <= 0 || missing > int64(w.left) {
		w.lost = true
		w.end(n, c)
		return
	}
	c.enough = true
	w.left -= int(missing)
	if w.left == 0 && w.frame.final {
		w.message(n, c)
	}
}

// end looks at a message that was broken off.
func (w *webSocket) end(n *Namer, c *cleartext) {
	if w.open {
		w.message(n, c)
	}
	w.forget(n)
	if w.mqtt != nil {
		w.mqtt.close(n)
	}
}
