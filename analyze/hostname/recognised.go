package hostname

import (
	"bytes"
	"encoding/binary"

	"phonehome/analyze/flow"
)

// Protocols that name nobody in clear, or nothing that is read here: they are told apart, and cost nothing more.

// recognised stops at once.
type recognised struct{}

func startRecognised(*Namer) streamReader { return recognised{} }

func (recognised) read(_ *Namer, _ *flow.Conv, _ *flow.Meta, data []byte) (int, flow.More) {
	return len(data), flow.Stop
}

func (recognised) gap(*Namer, *flow.Conv, *flow.Meta, int64) flow.More { return flow.Stop }

// hasPrefix compares the first bytes of a stream with a start that may not be whole yet.
func hasPrefix(head []byte, start string) match {
	k := min(len(head), len(start))
	switch {
	case string(head[:k]) != start[:k]:
		return no
	case k < len(start):
		return maybe
	}
	return yes
}

// detectSSH: RFC 4253, section 4.2.
func detectSSH(_ *flow.Meta, head []byte) match { return hasPrefix(head, "SSH-") }

// detectRTSP: RFC 7826, sections 7.1 and 8.1.
func detectRTSP(_ *flow.Meta, head []byte) match { return matchVersioned(head, "RTSP/") }

// detectSIP: RFC 3261, section 7.
func detectSIP(_ *flow.Meta, head []byte) match { return matchVersioned(head, "SIP/2.0") }

// matchVersioned knows protocols with the first lines of HTTP by the version that begins an answer or ends a request.
func matchVersioned(head []byte, version string) match {
	if m := hasPrefix(head, version); m != no {
		return m
	}
	if method, _, _ := bytes.Cut(head, []byte(" ")); len(method) == 0 || len(method) > maxMethod || method[0] < 'A' || method[0] > 'Z' {
		return no
	}
	return matchLine(head, func(line []byte) bool {
		at := bytes.LastIndexByte(line, ' ')
		return at > 0 && hasPrefix(line[at+1:], version) == yes
	}, "")
}

// detectSMB: a message of SMB 1, 2 or 3 behind the four bytes of its transport ([MS-SMB2], section 2.1), or a request for a
// NetBIOS session (RFC 1002, section 4.3.2).
func detectSMB(_ *flow.Meta, head []byte) match {
	const at = 4
	switch {
	case len(head) == 0:
		return maybe
	case head[0] == 0x81:
		return matchNetBIOS(head)
	case head[0] != 0:
		return no
	case len(head) <= at:
		return maybe
	case head[at] == 0xff || head[at] == 0xfe || head[at] == 0xfd || head[at] == 0xfc:
		return hasPrefix(head[at+1:], "SMB")
	}
	return no
}

// matchNetBIOS: two names of 32 letters behind the length 68.
func matchNetBIOS(head []byte) match { return hasPrefix(head, "\x81\x00\x00\x44\x20") }

// detectDCERPC: version 5.0 or 5.1, BIND or BIND_ACK, little endian ASCII (C706, section 12.6.3.1).
func detectDCERPC(_ *flow.Meta, head []byte) match {
	for i, b := range head[:min(len(head), 8)] {
		switch {
		case i == 0 && b != 5, i == 1 && b > 1, i == 2 && b != 11 && b != 12,
			i == 4 && b != 0x10, i > 4 && b != 0:
			return no
		}
	}
	if len(head) < 8 {
		return maybe
	}
	return yes
}

// detectKerberos: a length of four bytes and a message with the tag of AS-REQ to KRB-ERROR (RFC 4120, sections 5.10 and 7.2.2).
func detectKerberos(_ *flow.Meta, head []byte) match {
	if len(head) > 1 && (head[0] != 0 || head[1] != 0) || len(head) == 1 && head[0] != 0 {
		return no
	}
	if len(head) < 6 {
		return maybe
	}
	tag, length := head[4], int(binary.BigEndian.Uint32(head))
	if tag < 0x6a || tag > 0x7e {
		return no
	}
	size, is := berSizeOf(tag, head[4:])
	if is == yes {
		return yesIf(size == length)
	}
	return is
}

// detectMQTT: CONNECT with the name of its version (MQTT 5.0, section 3.1; version 3.1 has the second).
func detectMQTT(_ *flow.Meta, head []byte) match {
	if len(head) == 0 {
		return maybe
	}
	if head[0] != 0x10 {
		return no
	}
	at := 1
	for at < len(head) && head[at] >= 0x80 && at < 4 { // remaining length, up to four bytes
		at++
	}
	if at+1 >= len(head) {
		return maybe
	}
	return max(hasPrefix(head[at+1:], "\x00\x04MQTT"), hasPrefix(head[at+1:], "\x00\x06MQIsdp"))
}

// detectAMQP: AMQP 0-9-1, section 4.2.2, and 1.0, section 2.2.
func detectAMQP(_ *flow.Meta, head []byte) match { return hasPrefix(head, "AMQP") }

// detectBitTorrent: BEP 3, "peer protocol".
func detectBitTorrent(_ *flow.Meta, head []byte) match {
	return hasPrefix(head, "\x13BitTorrent protocol")
}

// detectVNC: RFC 6143, section 7.1.1.
func detectVNC(_ *flow.Meta, head []byte) match { return hasPrefix(head, "RFB 00") }

// detectTelnet: IAC and WILL, WON'T, DO or DON'T (RFC 854), twice.
func detectTelnet(_ *flow.Meta, head []byte) match {
	const twice = 5 // up to the second word
	for i, b := range head[:min(len(head), twice)] {
		if i%3 == 0 && b != 0xff || i%3 == 1 && (b < 0xfb || b > 0xfe) {
			return no
		}
	}
	if len(head) < twice {
		return maybe
	}
	return yes
}

// detectBGP: the marker of 16 ones (RFC 4271, section 4.1).
func detectBGP(_ *flow.Meta, head []byte) match {
	return hasPrefix(head, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00")
}

// detectRsync: the greeting of rsync's daemon.
func detectRsync(_ *flow.Meta, head []byte) match { return hasPrefix(head, "@RSYNCD:") }

// detectRedis: an array of bulk strings (RESP): "*2\r\n$4\r\n".
func detectRedis(_ *flow.Meta, head []byte) match {
	if len(head) > 0 && head[0] != '*' {
		return no
	}
	for i, b := range head[:min(len(head), 6)] {
		if b == '\r' && i > 1 {
			return hasPrefix(head[i:], "\r\n$")
		}
		if i > 0 && (b < '0' || b > '9') || i == 5 {
			return no
		}
	}
	return maybe
}

// detectModbus: on its port, protocol 0 and a length that fits (Modbus Messaging on TCP/IP, section 3.1.3).
func detectModbus(m *flow.Meta, head []byte) match {
	if !onPort(m, 502) {
		return no
	}
	if len(head) < 8 {
		return maybe
	}
	return yesIf(head[2] == 0 && head[3] == 0 && head[4] == 0 && int(head[5])+6 == len(head))
}
