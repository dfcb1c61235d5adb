package report

import (
	"strings"

	"phonehome/analyze"
)

// next is the command that a reader will most likely want now.
func next(r *analyze.Result, o Options) string {
	d := r.Coverage.Direction
	again := r.Settings.Command
	if o.Saved != "" {
		again = "phonehome report " + Quote(o.Saved) + onlyFlags(r)
	}
	switch {
	case again == "":
		again = "phonehome scan CAPTURE"
	case o.Saved == "" && d.OutsideOutside > d.Outbound+d.InsideInside+d.Local:
		return Terminal(again) + " " + internalFlags(r)
	}
	if len(r.Destinations) == 0 {
		return "phonehome help exit-codes"
	}
	if v := firstVendor(r); v != "" && (o.By == "" || o.By == byVendor) && len(r.Settings.Only) == 0 {
		return Terminal(again) + " --by destination --only " + Quote("vendor="+v)
	}
	if o.Saved == "" {
		return Terminal(again) + " -o result.json"
	}
	return Terminal(again) + " --wide --limit 0"
}

// onlyFlags ask for the part that is shown. One that a shell or a terminal could misread is left out.
func onlyFlags(r *analyze.Result) string {
	var s string
	for _, x := range r.Settings.Only {
		if harmless(x) {
			s += " --only " + Quote(x)
		}
	}
	return s
}

// internalFlags propose what counts as inside: the network that opened most of what lies outside.
func internalFlags(r *analyze.Result) string {
	if p := r.Coverage.ProposeInternal; len(p) > 0 {
		return "--internal " + Quote(Terminal(p[0]))
	}
	return "--internal CIDR"
}

// firstVendor is the vendor that got most. One whose name a shell or a terminal could misread is passed over: nobody should paste
// text that a capture made up.
func firstVendor(r *analyze.Result) string {
	for _, v := range r.Vendors {
		if v.Vendor != "" && harmless(v.Vendor) {
			return v.Vendor
		}
	}
	return ""
}

// harmless says whether text is made of letters, digits, spaces, dots and the like.
func harmless(s string) bool {
	return strings.Trim(s, "-") == s && strings.IndexFunc(s, func(r rune) bool { return !safeInShell(r) && r != ' ' && r != '&' }) < 0
}

func safeInShell(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/:=,+@%", r)
}

// Quote writes an argument as a POSIX shell reads it.
func Quote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safeInShell(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
