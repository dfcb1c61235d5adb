package intel

import "bytes"

// format is one format of lists. Whether a file is of it is told by what it holds.
type format struct {
	name      string
	recognise func(*head) bool
	read      func(*reader) error // errors begin with the line
}

// formats are asked in this order; the first that recognises a file reads it. Plain lists are the last: nothing marks them but that their rows are indicators.
var formats = []format{
	{"misp-warninglist", isJSON("list"), readWarninglist},
	{"stix", isJSON("objects"), readSTIX},
	{"misp", isJSON("Event", "response"), readMISP},
	{"misp-manifest", isManifest, readManifest},
	{"zeek-intel", isZeek, readZeek},
	{"threatfox", isThreatFox, readThreatFox},
	{"urlhaus", isURLhaus, readURLhaus},
	{"feodo", isFeodo, readFeodo},
	{"suricata-categories", isCategories, readCategories},
	{"suricata-iprep", isReputation, readReputation},
	{"hosts", isHosts, readHosts},
	{"spamhaus-drop", isDROP, readDROP},
	{"netset", isNetset, readNetset},
	{"plain", isPlain, readPlain},
}

// Formats lists the names of the formats, in the order in which they are tried.
func Formats() []string {
	out := make([]string, len(formats))
	for i, f := range formats {
		out[i] = f.name
	}
	return out
}

func recognise(h *head) (format, bool) {
	for _, f := range formats {
		if f.recognise(h) {
			return f, true
		}
	}
	return format{}, false
}

// isJSON tells JSON objects by a key that only one format has.
func isJSON(keys ...string) func(*head) bool {
	return func(h *head) bool {
		for _, k := range keys {
			if h.keys[k] {
				return true
			}
		}
		return false
	}
}

// mostRows says whether more than half of the first rows are of a form, and there is at least one.
func (h *head) mostRows(form func(row []byte) bool) bool {
	n := 0
	for _, row := range h.rows {
		if form(row) {
			n++
		}
	}
	return !h.json && 2*n > len(h.rows)
}

// comment says whether one of the first comments has a text, in any case.
func (h *head) comment(text string) bool {
	for _, c := range h.comments {
		if bytes.Contains(bytes.ToLower(c), []byte(text)) {
			return true
		}
	}
	return false
}
