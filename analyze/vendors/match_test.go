package vendors

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const fixtureData = "../../fixtures/data/"

func fixture(t testing.TB) *Catalogue {
	t.Helper()
	text, err := os.ReadFile(fixtureData + "catalogue.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Load(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMatch(t *testing.T) {
	c := fixture(t)
	sec := Match{Vendor: "ExampleSec", Product: "Endpoint Sensor", Purpose: "security-cloud", Basis: BasisCatalogue, Country: "US",
		Reference: "https://examplesec.example/network"}
	with := func(m Match, name, domain string) Match { m.Name, m.RegistrableDomain = name, domain; return m }
	update := sec
	update.Product, update.Purpose = "Signature update", "update"
	uploads := sec
	uploads.Product, uploads.Purpose, uploads.Hoster, uploads.Tenant = "Sensor uploads", "cloud-storage", "Example Cloud", "examplesec-uploads"
	for _, want := range []Match{
		with(sec, "examplesec.example", "examplesec.example"),
		with(sec, "a.b.examplesec.example", "examplesec.example"),
		with(update, "update.examplesec.example", "examplesec.example"), // the longest domain wins
		with(update, "eu.update.examplesec.example", "examplesec.example"),
		with(uploads, "examplesec-uploads.bucket.example", "bucket.example"), // a tenant that the catalogue knows
		{Name: "others.bucket.example", Basis: BasisNone, Hoster: "Example Cloud", Tenant: "others", RegistrableDomain: "bucket.example"},
		{Name: "bucket.example", Basis: BasisRegistrable, Vendor: "bucket.example", RegistrableDomain: "bucket.example"},
		{Name: "x.s3.north-1.examplecloud.example", Basis: BasisNone, Hoster: "Example Cloud", Tenant: "x", RegistrableDomain: "examplecloud.example"},
		{Name: "s3.north-1.examplecloud.example", Basis: BasisNone, Hoster: "Example Cloud", RegistrableDomain: "examplecloud.example"},
		{Name: "console.examplecloud.example", Basis: BasisCatalogue, Vendor: "Example Cloud", Product: "Console", Purpose: "business", Country: "US",
			RegistrableDomain: "examplecloud.example"},
		{Name: "notexamplesec.example", Basis: BasisRegistrable, Vendor: "notexamplesec.example", RegistrableDomain: "notexamplesec.example"},
		{Name: "www.examplecam.example", Basis: BasisUnverified, Vendor: "Example Cameras", Product: "Camera relay", Purpose: "remote-access", Country: "CN",
			RegistrableDomain: "examplecam.example"},
		{Name: "crash.example.com", Basis: BasisCatalogue, Vendor: "Example Monitoring", Product: "Crash reports", Purpose: "crash", Country: "GB",
			RegistrableDomain: "example.com"},
		{Name: "www.example.com", Basis: BasisRegistrable, Vendor: "example.com", RegistrableDomain: "example.com"},
		{Name: "d1.cdn.example.net", Basis: BasisNone, Hoster: "Example Cloud", Tenant: "d1", RegistrableDomain: "example.net"},
		{Name: "someone.github.io", Basis: BasisRegistrable, Vendor: "someone.github.io", RegistrableDomain: "someone.github.io"},
		{Name: "github.io", Basis: BasisNone, RegistrableDomain: "github.io"},
		{Name: "com", Basis: BasisNone},
		{Name: "printer.local", Basis: BasisNone},
		{Name: "printer", Basis: BasisNone},
		{Name: "192.0.2.1", Basis: BasisNone},
		{Name: `exa\109plesec.example`, Basis: BasisNone},
		{Name: "", Basis: BasisNone},
	} {
		if diff := cmp.Diff(want, c.Match(want.Name)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", want.Name, diff)
		}
	}
}

func TestMatchNormalises(t *testing.T) {
	c := fixture(t)
	want := c.Match("update.examplesec.example")
	for _, name := range []string{"UPDATE.ExampleSec.example", "update.examplesec.example.", "*.update.examplesec.example"} {
		if got := c.Match(name); got != want {
			t.Errorf("%q: %+v, want %+v", name, got, want)
		}
	}
}

// TestDefaultKnows holds the catalogue that is built in to cases that must not change: the recipients of the advisory's kinds, and whose cloud it is.
func TestDefaultKnows(t *testing.T) {
	c := Default()
	for _, want := range []struct{ name, vendor, basis, hoster, tenant string }{
		{"ts01-b.cloudsink.net", "CrowdStrike", BasisCatalogue, "", ""},
		{"v10.events.data.microsoft.com", "Microsoft", BasisCatalogue, "", ""},
		{"fonts.googleapis.com", "Google", BasisCatalogue, "", ""},
		{"checkip.amazonaws.com", "Amazon", BasisCatalogue, "Amazon Web Services", ""},
		{"sts.eu-west-1.amazonaws.com", "", BasisNone, "Amazon Web Services", ""},
		{"logs.s3.eu-west-1.amazonaws.com", "", BasisNone, "Amazon Web Services", "logs"},
		{"logs--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com", "", BasisNone, "Amazon Web Services", "logs--use1-az4--x-s3"},
		{"logs.s3-fips.dualstack.us-gov-west-1.amazonaws.com", "", BasisNone, "Amazon Web Services", "logs"},
		{"logs.s3.dualstack.cn-north-1.amazonaws.com.cn", "", BasisNone, "Amazon Web Services", "logs"},
		{"logs.objects-us-east-1.dream.io", "", BasisNone, "DreamHost", "logs"},
		{"logs.kr.object.ncloudstorage.com", "", BasisNone, "NAVER Cloud", "logs"},
		{"logs.s3.storage.selcloud.ru", "", BasisNone, "Selectel", "logs"},
		{"s3.us-west-2.amazonaws.com", "", BasisNone, "Amazon Web Services", ""},
		{"s3-us-west-2.amazonaws.com", "", BasisNone, "Amazon Web Services", ""},
		{"ec2-192-0-2-1.eu-west-1.compute.amazonaws.com", "", BasisNone, "Amazon Web Services", ""},
		{"abc123.execute-api.us-east-1.amazonaws.com", "", BasisNone, "Amazon Web Services", "abc123"},
		{"d111111abcdef8.cloudfront.net", "", BasisNone, "Amazon Web Services", "d111111abcdef8"},
		{"acct.blob.core.windows.net", "", BasisNone, "Microsoft Azure", "acct"},
		{"acct.privatelink.blob.core.windows.net", "", BasisNone, "Microsoft Azure", "acct"},
		{"logs.sos-ch-gva-2.exo.io", "", BasisNone, "Exoscale", "logs"},
		{"sos-ch-gva-2.exo.io", "", BasisNone, "Exoscale", ""},
		{"logs.tos-cn-beijing.volces.com", "", BasisNone, "Volcengine", "logs"},
		{"logs.s3-cn-east-1.qiniucs.com", "", BasisNone, "Qiniu", "logs"},
		{"gateway.storjshare.io", "", BasisNone, "Storj", ""},
		{"app.azurewebsites.net", "", BasisNone, "Microsoft Azure", "app"},
		{"vm1.westeurope.cloudapp.azure.com", "", BasisNone, "Microsoft Azure", "vm1"},
		{"portal.azure.com", "Microsoft", BasisCatalogue, "", ""},
		{"bucket.storage.googleapis.com", "", BasisNone, "Google Cloud", "bucket"},
		{"svc-abc.a.run.app", "", BasisNone, "Google Cloud", "svc-abc"},
		{"e1234.dscb.akamaiedge.net", "", BasisNone, "Akamai", "e1234.dscb"},
		{"acct123.r2.cloudflarestorage.com", "", BasisNone, "Cloudflare", "acct123"},
		{"data.oss-cn-hangzhou.aliyuncs.com", "", BasisNone, "Alibaba Cloud", "data"},
		{"data-123.cos.ap-guangzhou.myqcloud.com", "", BasisNone, "Tencent Cloud", "data-123"},
		{"data.obs.cn-north-4.myhuaweicloud.com", "", BasisNone, "Huawei Cloud", "data"},
		{"someone.github.io", "", BasisNone, "GitHub", "someone"},
		{"app.herokuapp.com", "", BasisNone, "Salesforce (Heroku)", "app"},
		{"0.tcp.ngrok.io", "", BasisNone, "ngrok", "0.tcp"},
		{"connect.ngrok-agent.com", "ngrok-agent.com", BasisRegistrable, "", ""},
		{"nas.myqnapcloud.com", "", BasisNone, "QNAP (dynamic DNS)", "nas"},
		{"mcafee.com", "McAfee", BasisCatalogue, "", ""}, // the consumer company, which is not Trellix
		{"intranet.bank.internal", "", BasisNone, "", ""},
		{"www.some-shop.co.uk", "some-shop.co.uk", BasisRegistrable, "", ""},
	} {
		m := c.Match(want.name)
		if m.Vendor != want.vendor || m.Basis != want.basis || m.Hoster != want.hoster || m.Tenant != want.tenant {
			t.Errorf("%s: vendor %q (%s), hoster %q, tenant %q; want %q (%s), %q, %q", want.name, m.Vendor, m.Basis, m.Hoster, m.Tenant,
				want.vendor, want.basis, want.hoster, want.tenant)
		}
	}
}

func TestTrackersAreBelowTheCatalogue(t *testing.T) {
	c := &Catalogue{vendors: []Vendor{
		{Name: "Ours", Products: []Product{{Name: "all", Basis: BasisCatalogue, Domains: []string{"one.example"}}}},
		{Name: "Theirs", Products: []Product{{Name: "ads", Basis: BasisThirdParty, Domains: []string{"ads.one.example", "two.example"}}}},
	}}
	c.build()
	for name, want := range map[string]string{"ads.one.example": "Ours", "x.two.example": "Theirs"} {
		if got := c.Match(name).Vendor; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if m := Default().Match("static.criteo.net"); m.Vendor != "Criteo" || m.Basis != BasisThirdParty {
		t.Errorf("static.criteo.net: %+v, want Criteo by third-party-web", m)
	}
}

// TestPrivateSuffixSilencesWhatIsAbove: an entry for a company's domain does not name those who register below a private suffix in it.
func TestPrivateSuffixSilencesWhatIsAbove(t *testing.T) {
	c := &Catalogue{vendors: []Vendor{{Name: "Host", Products: []Product{{Name: "site", Basis: BasisCatalogue, Domains: []string{"amazonaws.com"}}}}}}
	c.build()
	for name, want := range map[string]string{"www.amazonaws.com": "Host", "bucket.s3.amazonaws.com": "bucket.s3.amazonaws.com", "s3.amazonaws.com": ""} {
		if got := c.Match(name).Vendor; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestExplain(t *testing.T) {
	c := fixture(t)
	for name, want := range map[string][]string{
		"eu.update.examplesec.example": {"name: eu.update.examplesec.example", "public suffix list: suffix example; registrable domain examplesec.example",
			"hosters: no pattern fits", "catalogue: update.examplesec.example is of ExampleSec, Signature update; basis catalogue, evidence: name"},
		"others.bucket.example": {"name: others.bucket.example", "public suffix list: suffix example; registrable domain bucket.example",
			"hosters: {tenant}.bucket.example fits: hoster Example Cloud, tenant others", "catalogue: no entry holds the name",
			"third-party-web: no entry holds the name", "registrable domain: not used: the vendor is the tenant, who is not known by more than its name there"},
		"www.example.com": {"name: www.example.com", "public suffix list: suffix com; registrable domain example.com", "hosters: no pattern fits",
			"catalogue: no entry holds the name", "third-party-web: no entry holds the name",
			"registrable domain: example.com stands for the vendor, who is not known"},
		"192.0.2.1": {"name: names no host: it is an address"},
	} {
		m, steps := c.Explain(name)
		if m != c.Match(name) {
			t.Errorf("%s: Explain and Match differ", name)
		}
		var got []string
		for _, s := range steps {
			got = append(got, s.Check+": "+s.Result)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// FuzzMatch: the match is a function of the normalised name, a hoster is never the vendor because the name lies in its cloud, and the fields hold together.
func FuzzMatch(f *testing.F) {
	for _, s := range []string{"www.example.com", "A.B.C.", "*.x.s3.amazonaws.com", "a..b", "192.0.2.1", "[::1]:1", "bücher.example", `\000.com`, "x.blob.core.windows.net",
		"com", ".", "", "\xff", "a.github.io", "xn--a.com", strings.Repeat("a.", 200)} {
		f.Add(s)
	}
	c := Default()
	f.Fuzz(func(t *testing.T, name string) {
		m, steps := c.Explain(name)
		if again := c.Match(name); again != m {
			t.Fatalf("%q: Match %+v, Explain %+v", name, again, m)
		}
		if len(steps) == 0 {
			t.Fatalf("%q: no steps", name)
		}
		if (m.Vendor == "") != (m.Basis == BasisNone) {
			t.Fatalf("%q: vendor %q on basis %q", name, m.Vendor, m.Basis)
		}
		if m.Hoster != "" && m.Basis == BasisRegistrable {
			t.Fatalf("%q: in the cloud of %s, and yet %s stands for the vendor", name, m.Hoster, m.Vendor)
		}
		ascii, problem := normalise(name)
		if problem != "" {
			if m != (Match{Name: name, Basis: BasisNone}) {
				t.Fatalf("%q names no host (%s), and yet %+v", name, problem, m)
			}
			return
		}
		if m.Name != ascii || c.Match(ascii) != m || c.Match(strings.ToUpper(ascii)+".") != m {
			t.Fatalf("%q: not a function of %q: %+v", name, ascii, m)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	c := Default()
	names := []string{"v10.events.data.microsoft.com", "logs.s3.eu-west-1.amazonaws.com", "www.some-shop.co.uk", "e1234.dscb.akamaiedge.net", "ts01-b.cloudsink.net",
		"stats.g.doubleclick.net", "printer.local", "a.b.c.d.e.f.example.org"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Match(names[i%len(names)])
	}
}

func BenchmarkDefault(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Default()
	}
}
