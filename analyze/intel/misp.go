package intel

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// attribute is what is read of an attribute of a MISP event.
type attribute struct {
	Type      string    `json:"type"`
	Value     string    `json:"value"`
	ToIDs     yes       `json:"to_ids"`
	Deleted   yes       `json:"deleted"`
	Comment   string    `json:"comment"`
	Timestamp timestamp `json:"timestamp"`
	Event     struct {  // in the answer to a search for attributes
		Info string `json:"info"`
	} `json:"Event"`
}

// yes is a truth that is written true, 1, "1" or "true".
type yes bool

func (y *yes) UnmarshalJSON(b []byte) error {
	s := string(bytes.Trim(b, `"`))
	*y = s == "true" || s == "1"
	return nil
}

// timestamp is a day, of a text or a number of seconds.
type timestamp uint16

func (t *timestamp) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(string(bytes.Trim(b, `"`)), 10, 48)
	if err == nil && n > 0 {
		*t = timestamp(day(time.Unix(n, 0)))
	}
	return nil
}

// readMISP reads events of MISP: the files of a feed, an export, or the answer to a search. Only attributes that are meant for detection (`to_ids`) count.
func readMISP(r *reader) error {
	events := 0
	var read func(j *jsonReader, key string) error
	read = func(j *jsonReader, key string) error {
		switch key {
		case "response":
			return j.keys(func(key string) error { return read(j, key) })
		case "Event":
			events++
			return r.event(j, events == 1)
		case "Attribute":
			return r.attributes(j, 0)
		}
		return j.skip()
	}
	base := r.list.Name
	err := eachKey(r.data, read)
	if events != 1 {
		r.list.Name = base
	}
	return err
}

// event reads one event. Its text and date are those of its attributes, wherever they stand in it.
func (r *reader) event(j *jsonReader, first bool) error {
	r.listed.contexts = append(r.listed.contexts, context{})
	c := uint32(len(r.listed.contexts) - 1)
	var info, on string
	err := j.keys(func(key string) error {
		switch key {
		case "info":
			return j.lenient(&info)
		case "date":
			return j.lenient(&on)
		case "Attribute":
			return r.attributes(j, c)
		case "Object":
			return j.keys(func(key string) error {
				if key == "Attribute" {
					return r.attributes(j, c)
				}
				return j.skip()
			})
		}
		return j.skip()
	})
	r.listed.contexts[c] = context{bounded([]byte(info), maxDescription), dayOf([]byte(on))}
	if first && info != "" {
		r.list.Name = bounded([]byte(info), maxListName)
	}
	r.list.Date = max(r.list.Date, date(dayOf([]byte(on))))
	return err
}

// attributes reads an array of attributes.
func (r *reader) attributes(j *jsonReader, c uint32) error {
	return j.each(func() error {
		var a attribute
		if err := j.lenient(&a); err != nil {
			return err
		}
		o := ignored
		if a.ToIDs && !a.Deleted {
			o = r.attribute(&a, about{description: []byte(join(bounded([]byte(a.Event.Info), maxDescription), a.Comment)), day: uint16(a.Timestamp), context: c})
		}
		r.count(o, []byte(a.Type+" "+a.Value))
		return nil
	})
}

// attribute adds an attribute to the lists. Of two values in one, the second stands behind a `|`.
func (r *reader) attribute(a *attribute, x about) outcome {
	first, second, _ := strings.Cut(a.Value, "|")
	switch a.Type {
	case "ip-dst", "ip-src":
		if !isNetwork([]byte(a.Value)) {
			return notUnderstood
		}
		return r.host([]byte(a.Value), x)
	case "domain", "hostname":
		return r.name([]byte(a.Value), tagDomain, 0, x)
	case "url", "uri":
		return r.url([]byte(a.Value), x)
	case "ip-dst|port", "ip-src|port", "hostname|port":
		port, ok := number([]byte(second))
		if !ok || port == 0 {
			return notUnderstood
		}
		return r.hostPort([]byte(first), port, x)
	case "domain|ip":
		return r.domainIP(first, second, x)
	}
	return unusable
}

// domainIP adds a domain and the address that it had; each fits alone, and is shown with the other.
func (r *reader) domainIP(domain, ip string, x about) outcome {
	x.text = []byte(domain + "|" + ip)
	a, ok := address([]byte(ip))
	var h hostName
	if !ok || !h.set(domain) {
		return notUnderstood
	}
	r.count(r.single(a, 0, x), nil)
	return r.name([]byte(domain), tagDomain, 0, x)
}

// isManifest tells the manifest of a MISP feed: it names the events, and has no indicators.
func isManifest(h *head) bool { return h.keys[manifestKey] }

// readManifest reads the date of the newest event, so that a feed may be given as all its files.
func readManifest(r *reader) error {
	return eachKey(r.data, func(j *jsonReader, _ string) error {
		var event struct {
			Date string `json:"date"`
		}
		err := j.lenient(&event)
		r.list.Date = max(r.list.Date, date(dayOf([]byte(event.Date))))
		return err
	})
}
