package packet

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"phonehome/analyze/capture"
)

// notByTshark are the cases that tshark, as of 4.0, reads otherwise or not at all, and why they are held to be right.
var notByTshark = map[string]string{
	"PKTAP":                                "tshark wants the longer header of later systems",
	"PKTAP, raw IP":                        "the same",
	"C_HDLC with direction":                "not known to it; libpcap's dlt.h: one byte before what 104 has",
	"Frame Relay with direction":           "the same of 107",
	"Broadcom's tag":                       "not known to it; tcpdump reads it so",
	"Broadcom's tag before":                "the same",
	"DSA":                                  "the same",
	"EDSA":                                 "the same",
	"EDSA, as Ethernet":                    "the same",
	"netANALYZER, preamble":                "it leaves frames with their preamble as they are; tcpdump reads them so",
	"NULL, IPv6 of Linux":                  "the family of Linux, which has no such device",
	"QinQ 9200":                            "not known to it",
	"QinQ 9300":                            "not known to it",
	"MPLS, pseudowire":                     "it takes the addresses for a control word",
	"MPLS, control word":                   "it takes the control word for addresses",
	"MPLS, control word, a tag of Cisco's": "the same",
	"MPLS, pseudowire to an address like IPv6":        "it goes by the first four bits",
	"MPLS, pseudowire to an address like IPv4":        "the same",
	"MPLS, control word, from an address like a type": "it takes the control word for addresses",
	"protocol 94":              "not known to it",
	"ERSPAN III, IP":           "it reads Ethernet alone",
	"GUE, IPv4":                "not known to it; Linux's include/net/gue.h",
	"GUE, private flags, IPv6": "the same",
	"GUE, GRE":                 "the same",
	"L2TPv3":                   "it reads the session; what one carries must have been told before",
	"L2TPv3, sublayer":         "the same",
	"L2TPv3, cookie, IPv6":     "the same",
	"L2TPv3, all, a tag":       "the same",
	"L2TPv3, IP":               "the same",
	"L2TPv3 over UDP":          "the same",
	"CAPWAP":                   "by default it takes all frames for swapped",
}

// pcapng is a file of one frame of each link type given (draft-ietf-opsawg-pcapng, section 4).
func pcapng(links []capture.LinkType, frames [][]byte) []byte {
	le := binary.LittleEndian
	var out []byte
	block := func(kind uint32, body []byte) {
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
		size := uint32(len(body) + 12)
		out = le.AppendUint32(le.AppendUint32(out, kind), size)
		out = le.AppendUint32(append(out, body...), size)
	}
	const section, iface, enhanced, magic = 0x0a0d0d0a, 1, 6, 0x1a2b3c4d
	block(section, append(le.AppendUint32(nil, magic), 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255))
	for _, l := range links {
		block(iface, append(le.AppendUint16(nil, uint16(l)), make([]byte, 6)...))
	}
	for i, f := range frames {
		head := le.AppendUint32(nil, uint32(i))
		head = append(head, make([]byte, 8)...)
		head = le.AppendUint32(le.AppendUint32(head, uint32(len(f))), uint32(len(f)))
		block(enhanced, append(head, f...))
	}
	return out
}

// TestTsharkReadsTheSame holds the frames of the tables against another reader: what they say is then not only what the code does.
func TestTsharkReadsTheSame(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("not tested: tshark is not installed")
	}
	var names []string
	var links []capture.LinkType
	var frames [][]byte
	for _, c := range linkCases() {
		names, links, frames = append(names, c.name), append(links, c.link), append(frames, c.frame(t))
	}
	for _, c := range tunnelCases() {
		frame, _ := c.frame(t)
		names, links, frames = append(names, c.name), append(links, capture.Ethernet), append(frames, frame)
	}
	file := filepath.Join(t.TempDir(), "frames.pcapng")
	if err := os.WriteFile(file, pcapng(links, frames), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-r", file, "-T", "fields", "-E", "occurrence=l", "-e", "udp.srcport", "-e", "udp.dstport", "-e", "udp.length", "-e", "frame.protocols"}
	args = append(args, "-d", "udp.port==5555,ip", "-d", "udp.port==6080,ip", "-d", "udp.port==8472,vxlan") // not registered, or not known
	out, err := exec.Command(tshark, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(names) {
		t.Fatalf("tshark reads %d frames of %d", len(lines), len(names))
	}
	for i, line := range lines {
		same := strings.HasPrefix(line, "1000\t2000\t14\t")
		if why, known := notByTshark[names[i]]; same == known {
			t.Errorf("%s: tshark reads %q; known: %q", names[i], line, why)
		}
	}
}
