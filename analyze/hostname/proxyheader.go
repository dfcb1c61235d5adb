package hostname

import (
	"bytes"
	"encoding/binary"

	"phonehome/analyze/flow"
)

// What a load balancer puts before the first byte of a connection that it hands on, to say whose it was ("The PROXY protocol", sections 2.1 and 2.2): a line, or a binary header. It
// names addresses alone, and what follows is the client's.
const (
	maxProxyLine   = 107
	proxySignature = "\r\n\r\n\x00\r\nQUIT\n"
	proxyFixed     = len(proxySignature) + 4 // version and command, family, length
	maxProxyHeader = 2048
)

func detectProxyHeader(_ *flow.Meta, head []byte) match {
	_, m := proxyHeader(head)
	return m
}

// proxyHeader returns the length of the header.
func proxyHeader(head []byte) (int, match) {
	if m := hasPrefix(head, proxySignature); m != no {
		if m == maybe || len(head) < proxyFixed {
			return 0, maybe
		}
		const version, versionMask = 0x20, 0xf0
		size := proxyFixed + int(binary.BigEndian.Uint16(head[proxyFixed-2:]))
		if head[len(proxySignature)]&versionMask != version || size > maxProxyHeader {
			return 0, no
		}
		return size, yes
	}
	m := no
	for _, start := range []string{"PROXY TCP4 ", "PROXY TCP6 ", "PROXY UNKNOWN"} {
		m = max(m, hasPrefix(head, start))
	}
	if m != yes {
		return 0, m
	}
	end := bytes.IndexByte(head[:min(len(head), maxProxyLine)], '\n')
	switch {
	case end >= 0:
		return end + 1, yes
	case len(head) < maxProxyLine:
		return 0, maybe
	}
	return 0, no
}

// proxyHeaderReader passes over the header, and over nothing of the other direction.
type proxyHeaderReader struct {
	client uint8 // direction
	begun  bool
}

func startProxyHeader(*Namer) streamReader { return new(proxyHeaderReader) }

func (r *proxyHeaderReader) gap(*Namer, *flow.Conv, *flow.Meta, int64) flow.More { return again }

func (r *proxyHeaderReader) read(_ *Namer, _ *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	if !r.begun {
		r.begun, r.client = true, m.Dir
	}
	if m.Dir != r.client {
		return 0, again
	}
	size, _ := proxyHeader(data)
	if len(data) < size {
		return 0, flow.Go
	}
	return size, again
}
