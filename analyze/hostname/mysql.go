package hostname

import (
	"bytes"
	"encoding/binary"

	"phonehome/analyze/flow"
)

// The connection phase of MySQL (MySQL internals, "Protocol::HandshakeV10" and "Protocol::SSLRequest"): packets have a
// length of three bytes, little endian, and a sequence number.
const (
	mysqlHeader = 4
	// mysqlSSLRequest is the body of a request for TLS: capabilities, packet size, character set and 23 zeros.
	mysqlSSLRequest = 32
	mysqlClientSSL  = 0x0800 // the capability
	// maxMySQLGreeting bounds the server's first packet: a version text and about 60 bytes.
	maxMySQLGreeting = 512
)

func detectMySQL(_ *flow.Meta, head []byte) match {
	if m := matchMySQLRequest(head); m != no {
		return m
	}
	return matchMySQLGreeting(head)
}

// matchMySQLGreeting knows the server's greeting: sequence 0, protocol 10, a printable version.
func matchMySQLGreeting(head []byte) match {
	for i, b := range head[:min(len(head), mysqlHeader+1)] {
		if i == 1 && b > maxMySQLGreeting>>8 || (i == 2 || i == 3) && b != 0 || i == 4 && b != 10 {
			return no
		}
	}
	if len(head) <= mysqlHeader+1 {
		return maybe
	}
	version := head[mysqlHeader+1:]
	for i, b := range version {
		if b == 0 {
			return yesIf(i > 0 && mysqlLength(head) > i)
		}
		if b < ' ' || b > '~' || i >= 64 {
			return no
		}
	}
	return maybe
}

// matchMySQLRequest knows a client's request for TLS by its length, sequence number 1, its capability and its zeros.
func matchMySQLRequest(head []byte) match {
	const start = "\x20\x00\x00\x01"
	if k := min(len(head), len(start)); string(head[:k]) != start[:k] {
		return no
	}
	if len(head) < mysqlHeader+mysqlSSLRequest {
		return maybe
	}
	return yesIf(binary.LittleEndian.Uint16(head[mysqlHeader:])&mysqlClientSSL != 0 &&
		len(bytes.Trim(head[mysqlHeader+9:mysqlHeader+mysqlSSLRequest-4], "\x00")) == 0) // MariaDB uses the last four
}

func mysqlLength(head []byte) int { return int(head[0]) | int(head[1])<<8 | int(head[2])<<16 }

// mysqlReader passes the server's greeting and the client's request for TLS.
type mysqlReader struct{}

func startMySQL(*Namer) streamReader { return mysqlReader{} }

func (mysqlReader) gap(*Namer, *flow.Conv, *flow.Meta, int64) flow.More { return flow.Stop }

func (mysqlReader) read(_ *Namer, _ *flow.Conv, _ *flow.Meta, data []byte) (int, flow.More) {
	switch matchMySQLRequest(data) {
	case yes:
		return mysqlHeader + mysqlSSLRequest, again
	case maybe:
		return 0, flow.Go
	}
	switch matchMySQLGreeting(data) {
	case yes:
		return mysqlHeader + mysqlLength(data), again
	case maybe:
		return 0, flow.Go
	}
	return 0, flow.Stop // a login in clear
}
