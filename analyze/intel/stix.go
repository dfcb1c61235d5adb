package intel

import (
	"strings"
)

// stixObject is what is read of an object of a STIX bundle.
type stixObject struct {
	Type        string   `json:"type"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Types       []string `json:"indicator_types"` // in STIX 2.0 labels
	Labels      []string `json:"labels"`
	Pattern     string   `json:"pattern"`
	PatternType string   `json:"pattern_type"` // absent in STIX 2.0
	ValidFrom   string   `json:"valid_from"`
	ValidUntil  string   `json:"valid_until"`
	Modified    string   `json:"modified"`
	Revoked     bool     `json:"revoked"`
}

// readSTIX reads the indicators of a bundle. Observed data, and objects that only stand in a relation to an indicator, are none.
func readSTIX(r *reader) error {
	return eachKey(r.data, func(j *jsonReader, key string) error {
		if key != "objects" {
			return j.skip()
		}
		return j.each(func() error {
			var o stixObject
			if err := j.lenient(&o); err != nil {
				return err
			}
			if o.Type == "indicator" {
				r.indicator(&o)
			}
			return nil
		})
	})
}

// indicator adds what a pattern says. It is counted once for each alternative.
func (r *reader) indicator(o *stixObject) {
	r.list.Date = max(r.list.Date, date(dayOf([]byte(o.Modified))))
	if o.Revoked {
		r.count(ignored, nil)
		return
	}
	alternatives, ok := parsePattern(o.Pattern)
	if !ok || o.PatternType != "" && o.PatternType != "stix" {
		r.count(notUnderstood, []byte(o.Pattern))
		return
	}
	a := about{description: []byte(o.about()), day: dayOf([]byte(o.ValidFrom))}
	for _, c := range alternatives {
		r.count(r.alternative(c, a), []byte(o.Pattern))
	}
}

// about is what an indicator says of itself.
func (o *stixObject) about() string {
	words := make([]string, 0, 3)
	if o.Name != "" {
		words = append(words, o.Name)
	} else if o.Description != "" {
		words = append(words, o.Description)
	}
	if t := append(o.Types, o.Labels...); len(t) > 0 {
		words = append(words, strings.Join(t, ", "))
	}
	if until := dayOf([]byte(o.ValidUntil)); until != 0 {
		words = append(words, "valid until "+date(until))
	}
	return strings.Join(words, "; ")
}

// alternative adds one alternative of a pattern: a value, and perhaps the port it is on.
func (r *reader) alternative(c conjunction, a about) outcome {
	if c.foreign {
		return unusable
	}
	value := []byte(c.value)
	switch c.path {
	case "domain-name:value":
		return r.name(value, tagDomain, 0, a)
	case "url:value":
		return r.url(value, a)
	}
	if p, ok := network(value); ok {
		return r.network(p, c.port, a)
	}
	if ip, ok := address(value); ok {
		return r.single(ip, c.port, a)
	}
	if c.path == destination {
		return r.name(value, tagDomain, c.port, a)
	}
	return notUnderstood
}
