package judge

import (
	"strings"
	"testing"

	"phonehome/analyze/hostname"
	"phonehome/analyze/personal"
)

// TestPersonalSeverity: what stands in a place by design is less grave there, and there alone.
func TestPersonalSeverity(t *testing.T) {
	for _, c := range []struct {
		kind personal.Kind
		in   string
		want Severity
	}{
		{personal.Email, "http-body", Medium},
		{personal.Email, hostname.InMail, Low},
		{personal.Email, hostname.InMail + " " + hostname.InLogin + " " + hostname.InAnswer, Low},
		{personal.Email, hostname.InMail + " datagram", Medium},
		{personal.Phone, hostname.InAnswer, Low},
		{personal.Phone, hostname.InMail, Medium},
		{personal.Card, hostname.InAnswer, High},
		{personal.Credential, hostname.InLogin, High},
		{personal.Serial, "syslog", Low},
	} {
		k := kindOf{in: map[string]bool{}}
		for _, in := range strings.Fields(c.in) {
			k.in[in] = true
		}
		if got := k.severity(c.kind); got != c.want {
			t.Errorf("%s in %s is %v, want %v", c.kind, c.in, got, c.want)
		}
	}
}
