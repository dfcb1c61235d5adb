package hostname

import (
	"golang.org/x/crypto/cryptobyte"
)

// TLS extension numbers (IANA "TLS ExtensionType Values").
const (
	extServerName        = 0
	extSignatureAlgs     = 13
	extALPN              = 16
	extSupportedVersions = 43
	extECH               = 0xfe0d // RFC 9849
	extESNI              = 0xffce // draft-ietf-tls-esni-01 to -06, the forerunner of ECH
)

// clientHello is a ClientHello of TLS, DTLS or QUIC (RFC 8446, section 4.1.2; RFC 9147, section 5.3). All slices are views of the message.
type clientHello struct {
	transport  byte   // of JA4: 't' TLS over TCP, 'q' QUIC, 'd' DTLS
	legacy     uint16 // legacy_version
	ciphers    cryptobyte.String
	extensions cryptobyte.String
	serverName []byte            // host_name of server_name, nil where there is none
	alpn       cryptobyte.String // ProtocolNameList, without its length
	signatures cryptobyte.String // signature_algorithms, without their length
	versions   cryptobyte.String // supported_versions, without their length
	hasSNI     bool              // server_name is there, with or without a name
	hasECH     bool
	echID      uint8
}

// parseClientHello reads the body of a ClientHello (behind the four bytes of the handshake header; behind all twelve
// for DTLS). It refuses one that does not parse whole, or that has bytes behind its end. transport is 't', 'q' or 'd'.
func parseClientHello(msg cryptobyte.String, transport byte) (clientHello, bool) {
	h := clientHello{transport: transport}
	var session, cookie, compression cryptobyte.String
	if !msg.ReadUint16(&h.legacy) || !h.versionFits() ||
		!msg.Skip(32) || // random
		!msg.ReadUint8LengthPrefixed(&session) || len(session) > 32 ||
		transport == 'd' && !msg.ReadUint8LengthPrefixed(&cookie) ||
		!msg.ReadUint16LengthPrefixed(&h.ciphers) || len(h.ciphers) < 2 || len(h.ciphers)%2 != 0 ||
		!msg.ReadUint8LengthPrefixed(&compression) || len(compression) == 0 {
		return h, false
	}
	if msg.Empty() { // before TLS 1.2 extensions may be missing altogether
		return h, true
	}
	if !msg.ReadUint16LengthPrefixed(&h.extensions) || !msg.Empty() {
		return h, false
	}
	return h, h.readExtensions()
}

// versionFits says whether legacy_version is one that this transport knows: 3.x for TLS and QUIC, 254.x for DTLS, and
// 1.0 for the DTLS of OpenSSL 0.9.8.
func (h *clientHello) versionFits() bool {
	if h.transport == 'd' {
		return h.legacy>>8 == 0xfe || h.legacy == 0x0100
	}
	return h.legacy>>8 == 3 && h.legacy <= 0x0304
}

func (h *clientHello) readExtensions() bool {
	for rest := h.extensions; !rest.Empty(); {
		var kind uint16
		var data cryptobyte.String
		if !rest.ReadUint16(&kind) || !rest.ReadUint16LengthPrefixed(&data) || !h.readExtension(kind, data) {
			return false
		}
	}
	return true
}

func (h *clientHello) readExtension(kind uint16, data cryptobyte.String) bool {
	switch kind {
	case extServerName:
		return h.readServerName(data)
	case extALPN:
		return data.ReadUint16LengthPrefixed(&h.alpn) && data.Empty()
	case extSignatureAlgs:
		return data.ReadUint16LengthPrefixed(&h.signatures) && data.Empty()
	case extSupportedVersions:
		return data.ReadUint8LengthPrefixed(&h.versions) && data.Empty()
	case extECH:
		return h.readECH(data)
	case extESNI:
		h.hasECH = true
	}
	return true
}

// readServerName follows RFC 6066, section 3. Two server_name extensions would be two claims: such a hello is refused.
func (h *clientHello) readServerName(data cryptobyte.String) bool {
	if h.hasSNI {
		return false
	}
	h.hasSNI = true
	var list cryptobyte.String
	if data.Empty() { // seen from clients that connect to an address; a server's answer has this form
		return true
	}
	if !data.ReadUint16LengthPrefixed(&list) || !data.Empty() {
		return false
	}
	for !list.Empty() {
		var kind uint8
		var name cryptobyte.String
		if !list.ReadUint8(&kind) || !list.ReadUint16LengthPrefixed(&name) {
			return false
		}
		if kind == 0 && h.serverName == nil {
			h.serverName = name
		}
	}
	return true
}

// readECH follows RFC 9849, section 5. The inner form never travels in clear, and says nothing if it does.
func (h *clientHello) readECH(data cryptobyte.String) bool {
	var kind uint8
	if !data.ReadUint8(&kind) {
		return false
	}
	if kind != 0 {
		return true
	}
	h.hasECH = true
	return data.Skip(4) && data.ReadUint8(&h.echID) // KDF and AEAD, then config_id
}

// name returns the host name as sent, nil where there is none.
func (h *clientHello) name() []byte {
	if len(h.serverName) == 0 {
		return nil
	}
	return h.serverName
}

// fill puts what the hello says into n: name, ALPN, JA4, version and ECH. Without a name n.Name is empty, and the kind
// must be one that says so (tls-hello and the like).
func (h *clientHello) fill(n *Name) {
	n.Name = h.name()
	n.ALPN = h.joinALPN()
	n.JA4 = h.ja4()
	n.Version = h.versionName()
	n.ECH, n.ECHID = ECHAbsent, 0
	if h.hasECH {
		n.ECH, n.ECHID = ECHUndetermined, h.echID
	}
}

// joinALPN returns the protocol names joined with ','. One alone, which is common, is a view.
func (h *clientHello) joinALPN() []byte {
	var joined []byte
	var name cryptobyte.String
	for list := h.alpn; list.ReadUint8LengthPrefixed(&name); {
		switch {
		case joined == nil && list.Empty():
			return name
		case joined == nil:
			joined = make([]byte, 0, len(h.alpn))
		default:
			joined = append(joined, ',')
		}
		joined = append(joined, name...)
	}
	return joined
}

// highest returns the highest version that the hello offers, GREASE (RFC 8701) left out. DTLS versions count downwards.
func (h *clientHello) highest() uint16 {
	var best, v uint16
	for list := h.versions; list.ReadUint16(&v); {
		if isGREASE(v) {
			continue
		}
		if best == 0 || h.transport != 'd' && v > best || h.transport == 'd' && v < best {
			best = v
		}
	}
	if best == 0 {
		return h.legacy
	}
	return best
}

// versionName returns the highest version offered in words.
func (h *clientHello) versionName() string { return versionName(h.highest()) }

func versionName(v uint16) string {
	switch v {
	case 0x0002:
		return "SSL2.0"
	case 0x0300:
		return "SSL3.0"
	case 0x0301:
		return "TLS1.0"
	case 0x0302:
		return "TLS1.1"
	case 0x0303:
		return "TLS1.2"
	case 0x0304:
		return "TLS1.3"
	case 0x0100, 0xfeff:
		return "DTLS1.0"
	case 0xfefd:
		return "DTLS1.2"
	case 0xfefc:
		return "DTLS1.3"
	}
	if v>>8 == 0x7f { // drafts of TLS 1.3 (draft-ietf-tls-tls13-28, section 4.2.1.1)
		return "TLS1.3-draft"
	}
	return "unknown"
}

// isGREASE tells the reserved values 0x?a?a (RFC 8701, section 2).
func isGREASE(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }
