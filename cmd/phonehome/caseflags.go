package main

import (
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // zones by name, where the machine has none: 0.4 MB

	"github.com/spf13/pflag"

	"phonehome/analyze"
)

// caseFlags are what the user says of the case that the captures belong to.
type caseFlags struct {
	title, id, analyst, tap string
	clockOffset             clockOffset
	zone                    timezone
}

func (f *caseFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.title, "case-title", "", "`TITLE` of the case, for reports")
	fs.StringVar(&f.id, "case-id", "", "`ID` of the case, for reports")
	fs.StringVar(&f.analyst, "case-analyst", "", "`NAME` of who makes the scan, for reports")
	fs.StringVar(&f.tap, "case-tap", "", "`PLACE` where the captures were taken, for reports")
	fs.Var(&f.clockOffset, "case-clock-offset", "how far the capturing clock was ahead of true time, such as 1.5s or -2m; said in reports, times are not corrected")
	fs.Var(&f.zone, "timezone", "show the time of this zone beside UTC in reports: an IANA name such as Europe/Berlin, or an offset such as +02:00")
}

func (f *caseFlags) file() analyze.CaseFile {
	return analyze.CaseFile{Title: f.title, ID: f.id, Analyst: f.analyst, Tap: f.tap, ClockOffset: f.clockOffset.text, Timezone: f.zone.name, Zone: f.zone.location}
}

// clockOffset is a flag that takes a duration, and keeps it as it was given.
type clockOffset struct{ text string }

func (c *clockOffset) Type() string   { return "DURATION" }
func (c *clockOffset) String() string { return c.text }

// Set takes a duration.
func (c *clockOffset) Set(s string) error {
	if _, err := time.ParseDuration(s); err != nil {
		return errors.New("must be a duration such as 1.5s or -2m")
	}
	c.text = s
	return nil
}

// timezone is a flag that takes a time zone.
type timezone struct {
	name     string
	location *time.Location
}

func (z *timezone) Type() string   { return "ZONE" }
func (z *timezone) String() string { return z.name }

// Set takes an offset, or a name that the machine or the program knows. "Local" would be another zone on every machine.
func (z *timezone) Set(s string) error {
	if t, err := time.Parse("-07:00", s); err == nil {
		_, seconds := t.Zone()
		z.name, z.location = s, time.FixedZone("UTC"+s, seconds)
		return nil
	}
	l, err := time.LoadLocation(s)
	if err != nil || s == "" || strings.EqualFold(s, "local") {
		return errors.New("must be an IANA name such as Europe/Berlin, or an offset such as +02:00")
	}
	z.name, z.location = s, l
	return nil
}
