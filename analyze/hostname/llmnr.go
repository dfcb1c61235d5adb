package hostname

import "phonehome/analyze/flow"

// llmnrReader reads Link-Local Multicast Name Resolution (RFC 4795). An answer is a label: Name is the host's, Client the record's
// address. A question is no label: Query is what Client looked for, Name is empty.
type llmnrReader struct{}

func startLLMNR(*Namer) datagramReader { return llmnrReader{} }

func detectLLMNR(m *flow.Meta, payload []byte) bool {
	if !onPort(m, portLLMNR) {
		return false
	}
	d, ok := readDNSHeader(payload)
	return ok && d.likely(m.Full) && !d.empty()
}

func (llmnrReader) read(n *Namer, _ *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	d, ok := readDNSHeader(payload)
	if !ok || d.opcode() != 0 {
		return flow.Go
	}
	x := evidence(LLMNR, m)
	if d.response() {
		if d.skipQuestions() {
			n.deviceRecords(x, &d)
		}
		return flow.Go
	}
	var k dnsKey
	if d.ask(&k, &n.dns.query) {
		x.Query, x.RRType, x.RCode = k.name, dnsTypeName(k.qtype), dnsUnanswered
		n.label(x)
	}
	return flow.Go
}
