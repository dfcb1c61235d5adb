package hostname

import (
	"encoding/binary"
	"fmt"
)

// quicVersion is the version field of a long header (RFC 8999, section 5.1). Google's are four letters, such as "Q043".
type quicVersion uint32

const (
	quicNegotiation quicVersion = 0 // not a version: the packet lists those that the server knows (RFC 8999, section 6)
	quicV1          quicVersion = 1
	quicV2          quicVersion = 0x6b3343cf // RFC 9369, section 3.1
	quicV2Draft     quicVersion = 0x709a50c4 // draft-ietf-quic-v2-01 to -06
	quicDraft       quicVersion = 0xff000000 // and the number of the draft of RFC 9000
	quicMvfst       quicVersion = 0xfaceb000 // and a number of Facebook's, whose mvfst keeps to RFC 9000 or a draft of it
)

// quicProfile is what a version makes Initial packets of: the salt and labels of their keys (RFC 9001, section 5.2), the type of a long
// header that stands for Initial, and the frames.
type quicProfile struct {
	salt    string
	label   string
	initial uint8 // bits 0x30 of the first byte, shifted
	google  bool  // the frames of Google QUIC
}

var (
	profileV1      = quicProfile{salt: "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a", label: "quic"}
	profileV2      = quicProfile{salt: "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9", label: "quicv2", initial: 1}
	profileV2Draft = quicProfile{salt: "\xa7\x07\xc2\x03\xa5\x9b\x47\x18\x4a\x1d\x62\xca\x57\x04\x06\xea\x7a\xe3\xe5\xd3", label: "quicv2", initial: 1}
	profileDraft29 = quicProfile{salt: "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99", label: "quic"}
	profileDraft23 = quicProfile{salt: "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02", label: "quic"}
	profileDraft22 = quicProfile{salt: "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a", label: "quic"}
	profileQ050    = quicProfile{salt: "\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45", label: "quic", google: true}
	profileT050    = quicProfile{salt: "\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10", label: "quic", google: true}
	profileT051    = quicProfile{salt: "\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d", label: "quic", google: true}
)

// What is tried, in this order, of a version. Facebook numbers its versions apart from the drafts that they follow; a reserved
// version is sent to be refused, under the keys of a version that the client knows; of an unknown version nothing else can be known.
var (
	profilesV1      = []quicProfile{profileV1}
	profilesV2      = []quicProfile{profileV2}
	profilesV2Draft = []quicProfile{profileV2Draft}
	profilesDraft29 = []quicProfile{profileDraft29}
	profilesDraft23 = []quicProfile{profileDraft23}
	profilesDraft22 = []quicProfile{profileDraft22}
	profilesQ050    = []quicProfile{profileQ050}
	profilesT050    = []quicProfile{profileT050}
	profilesT051    = []quicProfile{profileT051}
	profilesMvfst   = []quicProfile{profileV1, profileDraft23, profileDraft22, profileDraft29}
	profilesUnknown = []quicProfile{profileV1, profileV2, profileDraft29, profileDraft23, profileDraft22}
)

// profiles returns what is to be tried of a version; nothing where its Initial packets cannot be read.
func (v quicVersion) profiles() []quicProfile {
	switch {
	case v == quicV1:
		return profilesV1
	case v == quicV2:
		return profilesV2
	case v == quicV2Draft:
		return profilesV2Draft
	case v.isDraft():
		return v.draftProfiles()
	case v.isMvfst():
		return profilesMvfst
	case v.isGoogle():
		return v.googleProfiles()
	case v == quicNegotiation:
		return nil
	}
	return profilesUnknown
}

// draftProfiles: the salt was changed in drafts 22, 23, 29 and 33 of RFC 9001. Before draft 22 headers had another form.
func (v quicVersion) draftProfiles() []quicProfile {
	switch draft := v &^ quicDraft; {
	case draft < 22:
		return nil
	case draft == 22:
		return profilesDraft22
	case draft < 29:
		return profilesDraft23
	case draft < 33:
		return profilesDraft29
	}
	return profilesV1
}

// googleProfiles: from Q050 on the first packets are encrypted (quiche, core/crypto/crypto_utils.cc); T050 and T051 carry TLS.
func (v quicVersion) googleProfiles() []quicProfile {
	switch v.letters() {
	case "Q050":
		return profilesQ050
	case "T050":
		return profilesT050
	case "T051":
		return profilesT051
	}
	return nil
}

func (v quicVersion) isDraft() bool { return v>>8 == quicDraft>>8 }

func (v quicVersion) isMvfst() bool { return v>>8 == quicMvfst>>8 }

// isReserved tells the versions that are sent to be refused (RFC 9000, section 15).
func (v quicVersion) isReserved() bool { return v&0x0f0f0f0f == 0x0a0a0a0a }

// isGoogle tells "Q024" to "Q059" and "T048" to "T059".
func (v quicVersion) isGoogle() bool {
	s := v.letters()
	return (s[0] == 'Q' || s[0] == 'T') && s[1] == '0' && '2' <= s[2] && s[2] <= '5' && '0' <= s[3] && s[3] <= '9'
}

func (v quicVersion) letters() string {
	return string([]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// isKnown says whether a packet of this version is QUIC by that alone.
func (v quicVersion) isKnown() bool {
	return v == quicV1 || v == quicV2 || v == quicV2Draft || v.isDraft() && v&0xff <= 34 || v.isMvfst() || v.isGoogle()
}

// hasCHLO says whether the handshake is Google's own, and not TLS.
func (v quicVersion) hasCHLO() bool { return v.isGoogle() && v.letters()[0] == 'Q' }

// String is the name of a version in evidence: "v1", "draft-29", "Q043", "mvfst-02"; else its number.
func (v quicVersion) String() string {
	switch {
	case v == quicV1:
		return "v1"
	case v == quicV2:
		return "v2"
	case v == quicV2Draft:
		return "v2-draft"
	case v.isDraft():
		return fmt.Sprintf("draft-%d", uint32(v&0xff))
	case v.isMvfst():
		return fmt.Sprintf("mvfst-%02x", uint32(v&0xff))
	case v.isGoogle():
		return v.letters()
	}
	return fmt.Sprintf("0x%08x", uint32(v))
}

// listsVersions says whether the body of a packet for version negotiation is a list of versions of which we know one.
func listsVersions(body []byte) bool {
	if len(body)%4 != 0 {
		return false
	}
	for ; len(body) > 0; body = body[4:] {
		if versionAt(body).isKnown() {
			return true
		}
	}
	return false
}

// versionAt reads the version at the head of b, which has four bytes or more.
func versionAt(b []byte) quicVersion { return quicVersion(binary.BigEndian.Uint32(b)) }
