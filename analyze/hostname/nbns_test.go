package hostname

import (
	"strings"
	"testing"
)

// nbEncode is a name in first-level encoding, with its suffix and the root.
func nbEncode(name string, suffix byte) string {
	raw := name + strings.Repeat(" ", nbNameSize-1-len(name)) + string([]byte{suffix})
	b := []byte{nbEncodedName}
	for i := range len(raw) {
		b = append(b, 'A'+raw[i]>>4, 'A'+raw[i]&0xf)
	}
	return string(b) + "\x00"
}

// nbMessage has flags and the counts of questions, answers and additional records.
func nbMessage(flags uint16, qd, an, ar byte, body string) []byte {
	return []byte("\x00\x01" + string([]byte{byte(flags >> 8), byte(flags), 0, qd, 0, an, 0, 0, 0, ar}) + body)
}

const (
	nbFields = "\x00\x20\x00\x01"                             // type NB, class IN
	nbRecord = nbFields + "\x00\x00\x00\x3c\x00\x06"          // TTL 60, 6 bytes
	nbUnique = "\x00\x00" + someone                           // flags and address
	nbGroups = "\x80\x00" + someone                           //
	station  = "192.0.2.42:137"                               //
	segment  = "192.0.2.255:137"                              //
	register = nbRegister<<11 | 0x0110                        // with recursion desired, broadcast
	answered = dnsResponse | 0x0500                           //
	nbStats  = "\x00\x21\x00\x01\x00\x00\x00\x00\x00\x49\x04" // NBSTAT of 73 bytes: four names, nothing behind them
)

func TestNBNS(t *testing.T) {
	registration := func(name string, suffix byte, data string) []byte {
		return nbMessage(register, 1, 0, 1, nbEncode(name, suffix)+nbFields+"\xc0\x0c"+nbRecord+data)
	}
	entry := func(name string, suffix byte, flags string) string {
		return name + strings.Repeat(" ", nbNameSize-1-len(name)) + string([]byte{suffix}) + flags
	}
	status := nbMessage(answered, 0, 1, 0, nbEncode("*", 0)+nbStats+
		entry("PC", 0, "\x04\x00")+entry("OFFICE", 0, "\x84\x00")+entry("PC", 0x20, "\x04\x00")+entry("ANNA", 3, "\x04\x00"))
	for name, c := range map[string]struct {
		msg  []byte
		want []string
	}{
		"question":        {nbMessage(0x0110, 1, 0, 0, nbEncode("WPAD", 0)+nbFields), []string{"1 nbns  NB query=WPAD rcode=none @" + station}},
		"registration":    {registration("DESK-7", 0, nbUnique), []string{"1 nbns DESK-7 NB value=DESK-7<00> ttl=60 @" + station}},
		"server service":  {registration("DESK-7", 0x20, nbUnique), []string{"1 nbns DESK-7 NB value=DESK-7<20> ttl=60 @" + station}},
		"group":           {registration("OFFICE", 0, nbGroups), nil},
		"domain master":   {registration("OFFICE", 0x1b, nbUnique), nil},
		"user":            {registration("ANNA", 0x03, nbUnique), nil},
		"positive answer": {nbMessage(answered, 0, 1, 0, nbEncode("FILES", 0x20)+nbRecord+nbUnique), []string{"1 nbns FILES NB value=FILES<20> ttl=60 @" + station}},
		"negative answer": {nbMessage(answered|3, 0, 1, 0, nbEncode("FILES", 0x20)+nbRecord+nbUnique), nil},
		"refused":         {nbMessage(register|dnsResponse, 0, 1, 0, nbEncode("FILES", 0x20)+nbRecord+nbUnique), nil},
		"bad letters":     {nbMessage(answered, 0, 1, 0, "\x20"+strings.Repeat("az", 16)+"\x00"+nbRecord+nbUnique), nil},
		"short label":     {nbMessage(answered, 0, 1, 0, "\x04FILE\x00"+nbRecord+nbUnique), nil},
		"status":          {status, []string{"1 nbns PC NBSTAT value=PC<00> @" + station, "1 nbns PC NBSTAT value=PC<20> @" + station}},
	} {
		t.Run(name, func(t *testing.T) {
			newTalk(station, segment).up(c.msg).over().want(t, c.want...)
			for size := range len(c.msg) {
				k := newTalk(station, segment)
				k.n.Datagram(&k.c, k.meta(0, len(c.msg)), c.msg[:size])
				if rows := k.over().rows; name != "status" && len(rows) > 0 && !strings.Contains(rows[0], "rcode") {
					t.Errorf("%d of %d bytes: %q", size, len(c.msg), rows)
				}
			}
		})
	}
}

func TestNetBIOSDatagram(t *testing.T) {
	dgm := func(name string, suffix byte) []byte {
		return []byte("\x11\x02\x00\x01" + "\x0a\x00\x00\x01" + "\x00\x8a\x00\x80\x00\x00" + nbEncode(name, suffix) + nbEncode("OFFICE", 0x1d) + "\xffSMB")
	}
	newTalk("192.0.2.42:138", "192.0.2.255:138").up(dgm("DESK-7", 0)).up(dgm("ANNA", 3)).over().want(t, "1 nbns DESK-7 value=DESK-7<00> @192.0.2.42:138")
	for size := range 14 + nbEncodedName + 2 {
		if _, ok := netBIOSSource(dgm("DESK-7", 0)[:size]); ok {
			t.Errorf("a name is seen in %d bytes", size)
		}
	}
}

// FuzzNBNS: a label is never empty, never longer than a NetBIOS name, and stands in the value with the suffix of a host.
func FuzzNBNS(f *testing.F) {
	f.Add(nbMessage(register, 1, 0, 1, nbEncode("DESK-7", 0)+nbFields+"\xc0\x0c"+nbRecord+nbUnique))
	f.Add(nbMessage(answered, 0, 1, 0, nbEncode("*", 0)+nbStats))
	f.Fuzz(func(t *testing.T, msg []byte) {
		var sink nbnsCheck
		n, c := NewNamer(&sink, Limits{}), newTalk(station, segment)
		n.Datagram(&c.c, c.meta(0, len(msg)), msg)
		if sink.wrong != "" {
			t.Fatal(sink.wrong)
		}
	})
}

// nbnsCheck is a sink that remembers a row that may not be.
type nbnsCheck struct{ wrong string }

func (s *nbnsCheck) Add(n *Name) {
	if n.Kind == Personal {
		return // of any datagram
	}
	name, value := string(n.Name), string(n.Value)
	question := n.RCode == dnsUnanswered && name == "" && value == ""
	label := name != "" && len(name) < nbNameSize && (value == name+"<00>" || value == name+"<20>") && len(n.Query) == 0
	if !question && !label {
		s.wrong = "name " + name + ", value " + value
	}
}
