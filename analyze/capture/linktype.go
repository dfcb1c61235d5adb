package capture

import "strconv"

// Link types as registered for pcap and pcapng (draft-ietf-opsawg-pcaplinktype).
const (
	Null             LinkType = 0
	Ethernet         LinkType = 1
	TokenRing        LinkType = 6
	ARCNet           LinkType = 7
	SLIP             LinkType = 8
	PPP              LinkType = 9
	FDDI             LinkType = 10
	ATMBSD           LinkType = 11 // DLT_ATM_RFC1483
	PPPHDLC          LinkType = 50
	PPPEther         LinkType = 51
	RawBSD           LinkType = 12 // DLT_RAW where it is 12
	RawOpenBSD       LinkType = 14 // DLT_RAW on OpenBSD
	ATM              LinkType = 100
	Raw              LinkType = 101
	CiscoHDLC        LinkType = 104
	IEEE80211        LinkType = 105
	FrameRelay       LinkType = 107
	Loop             LinkType = 108
	Enc              LinkType = 109
	LinuxSLL         LinkType = 113
	PFLog            LinkType = 117
	Prism            LinkType = 119
	IPFC             LinkType = 122
	SunATM           LinkType = 123
	Radiotap         LinkType = 127
	ARCNetLinux      LinkType = 129
	FireWire         LinkType = 138
	PKTAPBSD         LinkType = 149 // DLT_USER2, which Apple took
	AVS              LinkType = 163
	JuniperEthernet  LinkType = 178
	JuniperPPP       LinkType = 179
	JuniperFrame     LinkType = 180 // Frame Relay
	JuniperHDLC      LinkType = 181
	PPI              LinkType = 192
	ERF              LinkType = 197
	PPPWithDirection LinkType = 204
	HDLCWithDir      LinkType = 205
	FrameWithDir     LinkType = 206
	IPNet            LinkType = 226
	IPv4             LinkType = 228
	IPv6             LinkType = 229
	NFLog            LinkType = 239
	NetAnalyzer      LinkType = 240
	NetAnalyzerRaw   LinkType = 241 // LINKTYPE_NETANALYZER_TRANSPARENT
	IPoIB            LinkType = 242
	PKTAP            LinkType = 258
	LinuxSLL2        LinkType = 276
	DSATagBRCM       LinkType = 281
	DSAPrependBRCM   LinkType = 282 // LINKTYPE_DSA_TAG_BRCM_PREPEND
	DSATagDSA        LinkType = 284
	DSATagEDSA       LinkType = 285
	usbLinux         LinkType = 189
	usbMmapped       LinkType = 220
	dbus             LinkType = 231
	usbPcap          LinkType = 249
	ebhscr           LinkType = 279
	unknownLink      LinkType = 0xffff
	ieee802154       LinkType = 195
	ieee802154No     LinkType = 230
	netlink          LinkType = 253
	bluetoothLE      LinkType = 256
	ethernetMPkt     LinkType = 274
	docsis           LinkType = 143
	ipOverIBFrame    LinkType = 247
)

var linkNames = map[LinkType]string{
	Null: "NULL", Ethernet: "EN10MB", TokenRing: "IEEE802_5", ARCNet: "ARCNET_BSD", SLIP: "SLIP", PPP: "PPP", FDDI: "FDDI", ATMBSD: "ATM_RFC1483", ATM: "ATM_RFC1483",
	RawBSD: "RAW", RawOpenBSD: "RAW", PPPHDLC: "PPP_HDLC", PPPEther: "PPP_ETHER", Raw: "RAW", CiscoHDLC: "C_HDLC", IEEE80211: "IEEE802_11",
	FrameRelay: "FRELAY", Loop: "LOOP", LinuxSLL: "LINUX_SLL", Prism: "PRISM_HEADER", IPFC: "IP_OVER_FC", SunATM: "SUNATM", Radiotap: "IEEE802_11_RADIO",
	ARCNetLinux: "ARCNET_LINUX", docsis: "DOCSIS", AVS: "IEEE802_11_RADIO_AVS", usbLinux: "USB_LINUX", PPI: "PPI", ieee802154: "IEEE802_15_4",
	usbMmapped: "USB_LINUX_MMAPPED", IPv4: "IPV4", IPv6: "IPV6", ieee802154No: "IEEE802_15_4_NOFCS", dbus: "DBUS", NFLog: "NFLOG", IPoIB: "IPOIB",
	ipOverIBFrame: "INFINIBAND", usbPcap: "USBPCAP", netlink: "NETLINK", bluetoothLE: "BLUETOOTH_LE_LL_WITH_PHDR", ethernetMPkt: "ETHERNET_MPACKET",
	Enc: "ENC", FireWire: "APPLE_IP_OVER_IEEE1394", PKTAPBSD: "PKTAP", PKTAP: "PKTAP", PPPWithDirection: "PPP_WITH_DIR",
	LinuxSLL2: "LINUX_SLL2", ebhscr: "EBHSCR", DSATagBRCM: "DSA_TAG_BRCM", DSAPrependBRCM: "DSA_TAG_BRCM_PREPEND", DSATagDSA: "DSA_TAG_DSA", DSATagEDSA: "DSA_TAG_EDSA",
	PFLog: "PFLOG", JuniperEthernet: "JUNIPER_ETHER", JuniperPPP: "JUNIPER_PPP", JuniperFrame: "JUNIPER_FRELAY", JuniperHDLC: "JUNIPER_CHDLC", ERF: "ERF",
	HDLCWithDir: "C_HDLC_WITH_DIR", FrameWithDir: "FRELAY_WITH_DIR", IPNet: "IPNET", NetAnalyzer: "NETANALYZER", NetAnalyzerRaw: "NETANALYZER_TRANSPARENT",
}

// String is the registered name without its LINKTYPE_ prefix, or the number.
func (l LinkType) String() string {
	if n, ok := linkNames[l]; ok {
		return n
	}
	return strconv.Itoa(int(l))
}

const (
	// maxCaptured is the most bytes that one record may hold: libpcap's MAXIMUM_SNAPLEN, which Wireshark refuses to pass too.
	maxCaptured = 256 << 10
	// maxCapturedBus is the same for the link types of buses, whose transfers are longer.
	maxCapturedBus = 128 << 20
)

// most is how many bytes a record of this link type may hold.
func (l LinkType) most() uint32 {
	switch l {
	case usbLinux, usbMmapped, dbus, usbPcap, ebhscr:
		return maxCapturedBus
	}
	return maxCaptured
}
