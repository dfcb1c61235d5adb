package hostname

import (
	"io"
	"maps"
	"math"
	"slices"

	"phonehome/analyze/flow"
	"phonehome/analyze/packet"
)

// match is what a detector says of the first bytes of a flow or stream.
type match uint8

const (
	no    match = iota // these bytes are not of this protocol
	maybe              // they may be, but more are needed to say (streams only)
	yes
)

// datagramProtocol is a protocol over UDP, SCTP or IP itself. detect decides by content; ports may only make it stricter.
type datagramProtocol struct {
	name   string // value of "protocol" in flow rows
	detect func(m *flow.Meta, payload []byte) bool
	start  func(n *Namer) datagramReader
	over   carrier
}

// carrier says over what a protocol of datagrams is looked for.
type carrier uint8

const (
	overAny carrier = iota
	overUDP         // and in no payload of SCTP, ICMP and other protocols over IP
)

// is says whether a datagram is of the protocol.
func (p *datagramProtocol) is(m *flow.Meta, payload []byte) bool {
	return (p.over == overAny || m.Transport == packet.UDP) && p.detect(m, payload)
}

// datagramReader follows one flow whose protocol is known. A stateless one may be shared by all flows of a Namer.
// One that implements closer is told when its flow is over.
type datagramReader interface {
	read(n *Namer, c *flow.Conv, m *flow.Meta, payload []byte) flow.More
}

// streamProtocol is a protocol over TCP. detect gets the first bytes of one direction; its answer for a longer
// head must agree with its answer for a shorter one, maybe excepted.
type streamProtocol struct {
	name   string
	detect func(m *flow.Meta, head []byte) match
	start  func(n *Namer) streamReader // nil where too many are followed
}

// opens says whether the protocol is looked for in the first bytes of a stream, or of a layer, alone: SOCKS begins with few bytes that are its own, and
// a message of another protocol must not pass for a request to a proxy.
func (p *streamProtocol) opens() bool { return p.name == "socks" }

// streamReader follows both directions of one TCP flow (m.Dir tells them apart). The meaning of used and more is that of
// flow.Namer's Stream, with one more answer: again. One that implements closer is told when its flow is over.
type streamReader interface {
	read(n *Namer, c *flow.Conv, m *flow.Meta, data []byte) (used int, more flow.More)
	gap(n *Namer, c *flow.Conv, m *flow.Meta, missing int64) flow.More
}

// closer is a reader that gives something back when its flow is over.
type closer interface {
	close(n *Namer)
}

// again, as the answer of a streamReader, says that another protocol begins behind the used bytes of this direction
// (TLS after STARTTLS, what a proxy tunnels): it is detected anew. The other direction stays with
// this reader until it says so there too, so that neither has to wait for the other.
const again = flow.More(0xff)

// anew is the answer of a Namer's layer where what waited is given up, and what came now is to be detected by itself.
const anew = flow.More(0xfe)

// rest, as the number of used bytes, passes over all that a direction still sends.
const rest = math.MaxInt >> 3

// The protocols, in the order in which they are asked: the first that says yes has the flow. To add one is to write its file and
// its line here; fuzzing and the docs checks range over these slices.
var (
	datagramProtocols = []datagramProtocol{
		{"dns", detectDNSDatagram, startDNSDatagrams, overAny},
		{"mdns", detectMDNS, startMDNS, overAny},
		{"llmnr", detectLLMNR, startLLMNR, overAny},
		{"nbns", detectNBNS, startNBNS, overAny},
		{"netbios-dgm", detectNetBIOSDatagram, startNetBIOSDatagrams, overAny},
		{"dhcp", detectDHCP, startDHCP, overAny},
		{"dhcpv6", detectDHCPv6, startDHCPv6, overAny},
		{"ssdp", detectSSDP, startSSDP, overAny},
		{"icmpv6-ra", detectRA, startRA, overAny},
		{"quic", detectQUIC, startQUIC, overUDP},
		{"gquic", detectGoogleQUIC, startQUIC, overUDP},
		{"dtls", detectDTLS, startDTLS, overUDP},
		{"stun", detectSTUN, startSTUN, overUDP},
		{"wireguard", detectWireGuard, startRecognisedDatagrams, overUDP},
		{"openvpn", detectOpenVPN, startRecognisedDatagrams, overUDP},
		{"rdp", detectRDPDatagram, startRecognisedDatagrams, overUDP},
		{"ipsec-ike", detectIKE, startRecognisedDatagrams, overUDP},
		{"ntp", detectNTP, startRecognisedDatagrams, overUDP},
		{"snmp", detectSNMP, startRecognisedDatagrams, overUDP},
		{"sip", detectSIPDatagram, startRecognisedDatagrams, overUDP},
		{"syslog", detectSyslog, startClearDatagrams, overUDP},
		{"kerberos", detectKerberosDatagram, startRecognisedDatagrams, overUDP},
		{"radius", detectRADIUS, startRecognisedDatagrams, overUDP},
		{"coap", detectCoAP, startClearDatagrams, overUDP},
		{"tftp", detectTFTP, startRecognisedDatagrams, overUDP},
		{"bittorrent", detectDHT, startRecognisedDatagrams, overUDP},
		{"rtcp", detectRTCP, startRecognisedDatagrams, overUDP},
		{"rtp", detectRTP, startRTP, overUDP}, // last: it is not sure before the fourth datagram
	}
	streamProtocols = []streamProtocol{
		{"tls", detectTLS, startTLS},
		{"proxy-header", detectProxyHeader, startProxyHeader},
		{"http2", detectHTTP2, startHTTP2},
		{"http", detectHTTP1, startHTTP1},
		{"syslog", detectSyslogStream, startSyslogStream},
		{"xmpp", detectXMPP, startLines}, // both before those that wait for the end of a line, which XML need not have
		{"smtp", detectSMTP, startLines},
		{"ftp", detectFTP, startLines},
		{"imap", detectIMAP, startLines},
		{"pop3", detectPOP3, startLines},
		{"nntp", detectNNTP, startLines},
		{"sieve", detectSieve, startLines},
		{"irc", detectIRC, startLines},
		{"postgresql", detectPostgres, startPostgres},
		{"mysql", detectMySQL, startMySQL},
		{"tds", detectTDS, startTDS},
		{"ldap", detectLDAP, startLDAP},
		{"rdp", detectRDP, startRDP},
		{"ssh", detectSSH, startRecognised},
		{"rtsp", detectRTSP, startRecognised},
		{"sip", detectSIP, startRecognised},
		{"smb", detectSMB, startRecognised},
		{"dcerpc", detectDCERPC, startRecognised},
		{"kerberos", detectKerberos, startRecognised},
		{"mqtt", detectMQTT, startMQTT},
		{"amqp", detectAMQP, startRecognised},
		{"bittorrent", detectBitTorrent, startRecognised},
		{"vnc", detectVNC, startRecognised},
		{"telnet", detectTelnet, startRecognised},
		{"bgp", detectBGP, startRecognised},
		{"rsync", detectRsync, startRecognised},
		{"redis", detectRedis, startRecognised},
		{"modbus", detectModbus, startRecognised},
		{"socks", detectSOCKS5, startSOCKS5},
		{"socks", detectSOCKS4, startSOCKS4},
		{"dns", detectDNSStream, startDNSStream}, // behind those whose first message is shorter than its header
		{"text", detectText, startText},          // last: it is none of those
	}
)

const (
	// maxTries is how many datagrams, or pieces of a stream, of one direction are shown to the detectors: names are said in
	// the first ones, and a flow of bulk data must not be searched for ever. It leaves room for a few STUN
	// datagrams before DTLS, or a greeting of an unknown protocol before TLS.
	maxTries = 8
	// maxDetect is how many bytes a detector may wait for, the longest being the first line of an HTTP request.
	maxDetect = 16 << 10
	// maxLayers is how many protocols may follow each other in one stream: SOCKS, CONNECT three times (NTLM), STARTTLS, TLS.
	maxLayers = 8
)

// Namer implements flow.Namer over the protocols of this package.
type Namer struct {
	sink   Sink
	limits Limits
	hits   map[string]uint64
	// Given back by flows that are over, to be used again.
	free []*stream
	tls  []*tlsReader
	// scratch holds a message whose parts are not side by side in the stream, during one call.
	scratch []byte
	dns     dnsState
	quic    quicState
	dtls    dtlsState
	waiting int      // bytes of hellos in datagrams that are not complete, see charge
	content int      // bytes of messages that are being collected, see cleartext
	texts   int      // flows of text that are being followed
	raw     reported // of datagrams of no known protocol, anew for each
	finding finding
	labels  labelFilter
	flate   io.Reader // of compressed messages, see inflater
	// row is the evidence that is being handed on, here so that it costs no memory of its own.
	row Name
}

var _ flow.Namer = (*Namer)(nil)

// NewNamer returns a Namer for one shard that reports to sink. Fields of l that are zero have their default.
func NewNamer(sink Sink, l Limits) *Namer {
	d := DefaultLimits()
	if l.Head > 0 {
		d.Head = l.Head
	}
	if l.Names > 0 {
		d.Names = l.Names
	}
	if l.Content > 0 {
		d.Content = l.Content
	}
	if l.ContentShard > 0 {
		d.ContentShard = l.ContentShard
	}
	if l.Personal > 0 {
		d.Personal = l.Personal
	}
	n := &Namer{sink: sink, limits: d, hits: map[string]uint64{}}
	n.finding.found = n.found
	return n
}

// LimitsHit counts how often each limit kept something from being read, by the limit's name.
func (n *Namer) LimitsHit() map[string]uint64 { return maps.Clone(n.hits) }

// What Conv.State holds: nothing while no protocol is recognised, a datagramReader, or a *stream.

// tries, in Conv.Count, counts the pieces of each direction that no protocol recognised in its present layer, four bits a direction.
type tries uint8

func (t tries) of(dir uint8) uint8 { return uint8(t) >> (dir & 1 * 4) & 0xf }

// next counts one more piece of dir, and says whether it was the last to be tried.
func (t tries) next(dir uint8) (tries, flow.More) {
	t += 1 << (dir & 1 * 4)
	if t.of(dir) >= maxTries {
		return t, flow.Stop
	}
	return t, flow.Go
}

// stream is what is kept of a TCP flow of which a protocol was recognised. Protocols are layered: each direction moves from one to the next by
// itself.
type stream struct {
	layers [maxLayers]streamReader
	at     [2]uint8 // the layer that each direction is in
}

// Datagram implements flow.Namer.
func (n *Namer) Datagram(c *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	if r, ok := c.State.(datagramReader); ok {
		return r.read(n, c, m, payload)
	}
	if p := detectDatagram(m, payload); p != nil {
		return p.take(n, c, m, payload)
	}
	if mostlyText(payload) {
		n.raw = reported{}
		n.raw.piece(n, m, inDatagram, payload)
	}
	t, more := tries(c.Count).next(m.Dir)
	c.Count = uint8(t)
	return more
}

// detectDatagram finds the protocol of a datagram that is none of those named.
func detectDatagram(m *flow.Meta, payload []byte, but ...string) *datagramProtocol {
	for i := range datagramProtocols {
		if p := &datagramProtocols[i]; p.is(m, payload) && !slices.Contains(but, p.name) {
			return p
		}
	}
	return nil
}

// take gives a flow to the protocol.
func (p *datagramProtocol) take(n *Namer, c *flow.Conv, m *flow.Meta, payload []byte) flow.More {
	r := p.start(n)
	c.State, c.Protocol = r, p.name
	return r.read(n, c, m, payload)
}

// Stream implements flow.Namer.
func (n *Namer) Stream(c *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	used := 0
	for {
		k, more := n.layer(c, m, data[used:])
		used += k
		switch more {
		case again:
			more = n.descend(c, m)
		case anew:
			more = flow.Go
		default:
			return used, more
		}
		if more == flow.Stop || used >= len(data) {
			return used, more
		}
		m.Held = 0
	}
}

// layer shows data to the reader of the layer that this direction is in, which it finds first where there is none.
func (n *Namer) layer(c *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	s, _ := c.State.(*stream)
	if s != nil && s.layers[s.at[m.Dir&1]] != nil {
		return s.layers[s.at[m.Dir&1]].read(n, c, m, data)
	}
	p, wait := detectStream(m, data, tries(c.Count).of(m.Dir) == 0)
	if wait {
		return 0, flow.Go
	}
	var r streamReader
	if p != nil {
		r = p.start(n)
	}
	if r == nil {
		return n.unrecognised(c, m, data)
	}
	if s == nil {
		s = n.newStream()
		c.State = s
	}
	s.layers[s.at[m.Dir&1]], c.Protocol = r, p.name
	return r.read(n, c, m, data)
}

// detectStream finds the protocol of a stream by its first bytes. wait says that more are needed. A later protocol's yes
// does not overtake an earlier one's maybe, so that the answer does not depend on how the stream is cut into segments. first says
// that no protocol was looked for in this layer before.
func detectStream(m *flow.Meta, head []byte, first bool) (p *streamProtocol, wait bool) {
	for i := range streamProtocols {
		p := &streamProtocols[i]
		if p.opens() && !first {
			continue
		}
		switch p.detect(m, head) {
		case yes:
			return p, false
		case maybe:
			if len(head) < maxDetect {
				return nil, true
			}
		}
	}
	return nil, false
}

// unrecognised counts a piece that no protocol knows. Where bytes were held for a detector that has given up now, those that came behind
// them are looked at by themselves: they may begin a protocol.
func (n *Namer) unrecognised(c *flow.Conv, m *flow.Meta, data []byte) (int, flow.More) {
	t, more := tries(c.Count).next(m.Dir)
	c.Count = uint8(t)
	if more == flow.Go && 0 < m.Held && m.Held < len(data) {
		return m.Held, anew
	}
	return len(data), more
}

// descend moves one direction to its next layer.
func (n *Namer) descend(c *flow.Conv, m *flow.Meta) flow.More {
	s := c.State.(*stream)
	d := m.Dir & 1
	if s.at[d]+1 >= maxLayers {
		return flow.Stop
	}
	s.at[d]++
	c.Count &^= 0xf << (d * 4)
	return flow.Go
}

// Gap implements flow.Namer.
func (n *Namer) Gap(c *flow.Conv, m *flow.Meta, missing int64) flow.More {
	s, _ := c.State.(*stream)
	if s == nil || s.layers[s.at[m.Dir&1]] == nil {
		_, more := n.unrecognised(c, m, nil)
		return more
	}
	more := s.layers[s.at[m.Dir&1]].gap(n, c, m, missing)
	if more == again {
		return n.descend(c, m)
	}
	return more
}

// Close implements flow.Namer.
func (n *Namer) Close(c *flow.Conv) {
	switch s := c.State.(type) {
	case *stream:
		n.giveBack(s)
	case closer:
		s.close(n)
	}
	c.State = nil
}

// newStream returns a stream that is as new.
func (n *Namer) newStream() *stream {
	last := len(n.free) - 1
	if last < 0 {
		return new(stream)
	}
	s := n.free[last]
	n.free = n.free[:last]
	return s
}

// giveBack closes the readers of a stream and clears it whole: nothing of one flow may be seen by the next.
func (n *Namer) giveBack(s *stream) {
	for _, r := range s.layers {
		if k, ok := r.(closer); ok {
			k.close(n)
		}
	}
	*s = stream{}
	n.free = append(n.free, s)
}

// add hands evidence to the sink.
func (n *Namer) add(x Name) {
	n.row = x
	n.sink.Add(&n.row)
}

// evidence returns a Name of kind k whose client is the sender of m's payload and whose server is the receiver.
func evidence(k Kind, m *flow.Meta) (x Name) {
	x.begin(k, m)
	return x
}

// begin is evidence in place: a Name is large.
func (x *Name) begin(k Kind, m *flow.Meta) {
	*x = Name{}
	x.Kind, x.Client, x.Server, x.ClientPort, x.ServerPort = k, m.Src, m.Dst, m.SrcPort, m.DstPort
	x.Transport, x.V6, x.At, x.Frame, x.Capture = m.Transport, m.V6, m.Time, m.Frame, m.Capture
}

// byServer turns the ends of evidence that the server sent.
func byServer(x Name) Name {
	x.turn()
	return x
}

// turn is byServer in place.
func (x *Name) turn() {
	x.Client, x.Server = x.Server, x.Client
	x.ClientPort, x.ServerPort = x.ServerPort, x.ClientPort
}

// hit counts a limit that kept something from being read.
func (n *Namer) hit(limit string) { n.hits[limit]++ }
