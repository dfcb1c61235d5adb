package vendors

import "testing"

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, name, tenant, fitted string // fitted is the part that the labels fitted; "" is no match
	}{
		{"{tenant}.s3.*.amazonaws.com", "logs.s3.eu-west-1.amazonaws.com", "logs", "s3.eu-west-1.amazonaws.com"},
		{"{tenant}.s3.*.amazonaws.com", "my.dotted.bucket.s3.eu-west-1.amazonaws.com", "my.dotted.bucket", "s3.eu-west-1.amazonaws.com"},
		{"{tenant}.s3.*.amazonaws.com", "s3.eu-west-1.amazonaws.com", "", ""},
		{"{tenant}.s3.*.amazonaws.com", "logs.s3.amazonaws.com", "", ""},
		{"{tenant}.s3-*.amazonaws.com", "logs.s3-eu-west-1.amazonaws.com", "logs", "s3-eu-west-1.amazonaws.com"},
		{"{tenant}.s3-*.amazonaws.com", "logs.s3-.amazonaws.com", "", ""},
		{"s3.*.amazonaws.com", "s3.eu-west-1.amazonaws.com", "", "s3.eu-west-1.amazonaws.com"},
		{"ec2-*.*.compute.amazonaws.com", "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com", "", "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com"},
		{"core.windows.net", "x.y.core.windows.net", "", "core.windows.net"},
		{"core.windows.net", "windows.net", "", ""},
		{"core.windows.net", "notcore.windows.net", "", ""},
		{"{tenant}.cloudfront.net", "cloudfront.net", "", ""},
	} {
		p := newPattern("hoster", c.pattern)
		tenant, length, ok := p.match(c.name)
		fitted := ""
		if ok {
			fitted = c.name[len(c.name)-length:]
		}
		if fitted != c.fitted || ok && tenant != c.tenant {
			t.Errorf("%s on %s: tenant %q, fitted %q, want %q, %q", c.pattern, c.name, tenant, fitted, c.tenant, c.fitted)
		}
	}
}

func TestPatternIsFoundByItsEnd(t *testing.T) {
	for text, want := range map[string]string{
		"{tenant}.s3.*.amazonaws.com": "amazonaws.com",
		"{tenant}.cloudfront.net":     "cloudfront.net",
		"*.your-objectstorage.com":    "your-objectstorage.com",
		"oss-*.aliyuncs.com":          "aliyuncs.com",
	} {
		if got := newPattern("", text).literal; got != want {
			t.Errorf("%s: found below %q, want %q", text, got, want)
		}
	}
}
