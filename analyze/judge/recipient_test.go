package judge

import "testing"

// TestHostedRecipient: who owns a cloud is not who receives, whether or not a name tells whose part of it is meant.
func TestHostedRecipient(t *testing.T) {
	for _, c := range []struct {
		name string
		of   Attribution
		want string
	}{
		{"logs.s3.eu-west-1.cloud.example", Attribution{Hoster: "Example Cloud", Tenant: "logs", RegistrableDomain: "cloud.example"}, "logs.s3.eu-west-1.cloud.example"},
		{"s3.eu-west-1.cloud.example", Attribution{Hoster: "Example Cloud", RegistrableDomain: "cloud.example"}, "an unnamed tenant of cloud.example"},
		{"console.cloud.example", Attribution{Vendor: "Example Cloud", VendorBasis: "catalogue", RegistrableDomain: "cloud.example"}, "Example Cloud"},
		{"a.other.example", Attribution{Vendor: "V", VendorBasis: basisRegister, Hoster: "Example Cloud", RegistrableDomain: "other.example"}, "V"},
	} {
		d := Destination{Name: c.name, Naming: &Naming{}, Attribution: &c.of}
		if got := recipientOf(&d).String(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
