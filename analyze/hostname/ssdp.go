package hostname

import (
	"bytes"

	"phonehome/analyze/flow"
)

const (
	portSSDP = 1900 // UPnP Device Architecture 2.0, section 1.1.2
	// maxSSDPLines bounds the header lines that are read: devices send about ten.
	maxSSDPLines = 64
	// maxSSDPValue bounds the bytes of a header that is shown.
	maxSSDPValue = 255
)

// The first lines of the three messages (UPnP Device Architecture 2.0, sections 1.2.2 and 1.3).
const (
	ssdpNotify = "NOTIFY * HTTP/1.1"
	ssdpSearch = "M-SEARCH * HTTP/1.1"
	ssdpFound  = "HTTP/1.1 200 OK"
)

// ssdpReader reads the Simple Service Discovery Protocol: what the sender, Client, says it runs. Name is its SERVER or USER-AGENT,
// Value what it offers (USN, else NT or ST), Query where it is described (LOCATION); in a search Value is empty and Query
// what is looked for (ST).
type ssdpReader struct{}

func startSSDP(*Namer) datagramReader { return ssdpReader{} }

// detectSSDP knows the two requests on any port, the answer, which looks like HTTP, on its own.
func detectSSDP(m *flow.Meta, payload []byte) bool {
	switch line, _ := nextLine(payload); string(line) {
	case ssdpNotify, ssdpSearch:
		return true
	case ssdpFound:
		return onPort(m, portSSDP)
	}
	return false
}

func (ssdpReader) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	if len(payload) < m.Full {
		payload = payload[:bytes.LastIndexByte(payload, '\n')+1] // what stands on a line that a snapshot cut is not what was said
	}
	if x := evidence(SSDP, m); readSSDP(&x, payload) {
		n.label(x)
	}
	return flow.Go
}

// readSSDP fills x from a message; it reports false where the sender does not say what it is.
func readSSDP(x *Name, payload []byte) bool {
	line, rest := nextLine(payload)
	search := string(line) == ssdpSearch
	if !search && string(line) != ssdpNotify && string(line) != ssdpFound {
		return false
	}
	var usn, target []byte
	for range maxSSDPLines {
		if line, rest = nextLine(rest); len(line) == 0 {
			break
		}
		switch key, value := splitHeader(line); {
		case equalFold(key, "server"), search && equalFold(key, "user-agent"):
			x.Name = value
		case equalFold(key, "usn"):
			usn = value
		case equalFold(key, "nt"), equalFold(key, "st"):
			target = value
		case equalFold(key, "location"):
			x.Query = value
		}
	}
	switch {
	case search:
		x.Query = target
	case usn != nil:
		x.Value = usn
	default:
		x.Value = target
	}
	return len(x.Name) > 0
}

// nextLine cuts a line off, without its end; the last one may lack it.
func nextLine(text []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(text, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// splitHeader splits "Key: value", the value without spaces around it and no longer than maxSSDPValue.
func splitHeader(line []byte) (key, value []byte) {
	key, value, _ = bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(value)
	return key, value[:min(len(value), maxSSDPValue)]
}
