// Package analyze wires the stages: captures in, a Result out. It is the only package that starts goroutines, and it waits for them.
package analyze

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	"phonehome/analyze/capture"
	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/judge"
	"phonehome/analyze/packet"
	"phonehome/analyze/vendors"
)

// UsageError is a mistake of the caller's: an input that does not exist, an option that cannot be. It ends in exit 2.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the mistake.
func (e *UsageError) Unwrap() error { return e.Err }

// DefaultOptions are those of a scan without flags; Inputs, Tool and AsOf are the caller's to set.
func DefaultOptions() Options {
	return Options{
		Workers:       max(1, runtime.GOMAXPROCS(0)-1), // reading and hashing have a core of their own
		BlockSize:     defaultBlock,
		HashApart:     bigFile,
		Hash:          true,
		InferInternal: true,
		GeoEmbedded:   true,
		Facts:         true,
		Limits:        DefaultLimits(),
	}
}

// defaultBlock is how many bytes are read at a time: measured flat between 256 KiB and 1 MiB, slower on both sides.
const defaultBlock = 512 << 10

// bigFile is from how many bytes on a hash apart pays: a smaller one is hashed in no time.
const bigFile = 16 << 20

// find finds the inputs.
func (o *Options) find() (set *capture.Set, err error) {
	if o.Located != nil {
		set, err = capture.FindNamed(o.Inputs, o.Located)
	} else {
		set, err = capture.Find(o.Inputs, o.Stdin)
	}
	if err != nil {
		return nil, err
	}
	for _, src := range set.Sources {
		if err := o.suits(src); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// suits says why what was asked for cannot be had of a source.
func (o *Options) suits(src *capture.Source) error {
	switch {
	case src.Facts && o.Twice:
		return fmt.Errorf("%s is saved facts, which hold no frames: give the captures that evidence is to be cut out of", src.Path)
	case src.Facts && !(o.Since.IsZero() && o.Until.IsZero()):
		return fmt.Errorf("%s is saved facts, whose flows are sums that no time can cut: give --since and --until with the captures", src.Path)
	case o.Twice && !src.Twice():
		return fmt.Errorf("%s can be read once only, and evidence is cut out of captures when they were scanned: save it to a file first", src.Path)
	}
	return nil
}

// at is where a file lies that the user named.
func (o *Options) at(name string) string { return cmp.Or(o.Located[name], name) }

func (o *Options) located(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = o.at(n)
	}
	return out
}

// named is at turned round: the name that the user gave to a file.
func (o *Options) named(path string) string {
	for name, at := range o.Located {
		if at == path {
			return name
		}
	}
	return path
}

// input is what a scan reads.
type input struct {
	set   *capture.Set
	facts []*saved
}

// input finds the inputs and reads the saved facts among them.
func (o *Options) input() (*input, error) {
	set, err := o.find()
	if err != nil {
		return nil, &UsageError{err}
	}
	return &input{set, readSaved(set)}, nil
}

// collect reads all captures in one pass, and puts saved facts beside them. Its error is errVoid, or that of ctx.
func collect(ctx context.Context, o Options, in *input) (*evidence, error) {
	s := newScan(o, in.set)
	infos, err := s.run(ctx)
	if err != nil {
		return nil, err
	}
	if o.WhenRead != nil {
		o.WhenRead()
	}
	e := &evidence{captures: infos, sources: in.set.Sources, ignored: in.set.Ignored, limits: s.limitsHit(), hashes: s.hashes}
	for i := range s.shards {
		e.rows = append(e.rows, s.shards[i].table.Rows())
		e.names = append(e.names, s.shards[i].store)
	}
	e.addNRB(s.seen)
	for i := 1; i <= s.decoder.Tunnels(); i++ {
		e.tunnels = append(e.tunnels, s.decoder.Tunnel(packet.TunnelID(i)))
	}
	return e, e.merge(in.facts)
}

// addNRB adds the name-resolution blocks of the captures as evidence of their own kind.
func (e *evidence) addNRB(entries []nrb) {
	store := hostname.NewStore(hostname.StoreLimit)
	for _, n := range entries {
		store.Add(&hostname.Name{Kind: hostname.CaptureNRB, Name: []byte(n.entry.Name), Server: packet.AddrFrom(n.entry.Addr), V6: n.entry.Addr.Is6(),
			Capture: n.capture, Frame: n.entry.Frame})
	}
	e.names = append(e.names, store)
}

// limitsHit sums the limits that bit, over all stages and shards.
func (s *scan) limitsHit() map[string]uint64 {
	sum := map[string]uint64{}
	add := func(m map[string]uint64) {
		for k, v := range m {
			sum[k] += v
		}
	}
	add(s.decoder.LimitsHit())
	for i := range s.shards {
		sh := &s.shards[i]
		add(sh.table.LimitsHit())
		add(sh.namer.LimitsHit())
		if d := sh.store.Dropped(); d > 0 {
			sum["name-rows"] += d
		}
	}
	return sum
}

// Facts reads the inputs and writes what their packets say, a JSON object a line (docs/facts.md). It returns how the run ends.
func Facts(ctx context.Context, o Options, w io.Writer) (Exit, error) {
	in, err := o.input()
	if err != nil {
		return Exit{}, err
	}
	e, err := hashApart(o, in, func(o Options) (*evidence, error) {
		e, err := collect(ctx, o, in)
		if err == nil {
			err = e.hashes.put(e.captures)
		}
		return e, err
	})
	if err != nil {
		return Exit{}, err
	}
	if err := e.writeFacts(w); err != nil {
		return Exit{}, fmt.Errorf("write facts: %w", err)
	}
	return e.exit(o, nil, e.unseen(o.Expect)), nil
}

// Scan reads the inputs and says what they mean.
func Scan(ctx context.Context, o Options) (*Result, error) {
	if o.Catalogue == nil {
		o.Catalogue = vendors.Default()
	}
	geo, err := vendors.OpenGeo(vendors.GeoOptions{Country: o.located(o.GeoCountry), ASN: o.located(o.GeoASN), Embedded: o.GeoEmbedded})
	if err != nil {
		return nil, &UsageError{err}
	}
	defer geo.Close()
	g, err := readGiven(&o)
	if err != nil {
		return nil, err
	}
	in, err := o.input()
	if err != nil {
		return nil, err
	}
	r, err := hashApart(o, in, func(o Options) (*Result, error) {
		e, err := collect(ctx, o, in)
		if err != nil {
			return nil, err
		}
		r, err := judgeEvidence(o, e, geo, g)
		if e.hashes.put(e.captures) == nil {
			return r, err
		}
		g, err = readGiven(&o) // it counts what it is used for
		return nil, cmp.Or(err, errVoid)
	})
	if err == nil && geo.Err() != nil {
		err = &UsageError{geo.Err()} // a damaged database must not pass for one that knows nothing
	}
	return r, err
}

// WriteFacts writes the facts that the result rests on. A result that was read from a file has none.
func (r *Result) WriteFacts(w io.Writer) error {
	if err := r.hasFacts(); err != nil {
		return err
	}
	return r.evidence.writeFacts(w)
}

// hasFacts says why a result has no facts.
func (r *Result) hasFacts() error {
	switch {
	case r.evidence == nil:
		return errors.New("a saved result holds no facts: scan the captures, or keep their facts with -o facts=FILE.zst")
	case r.evidence.dropped:
		return errors.New("the facts were not kept: see Options.Facts")
	}
	return nil
}

// EachFlow calls f with each flow row of the facts in their order; the Row is reused. A result that was read from a file has none.
func (r *Result) EachFlow(f func(*flow.Row) error) error {
	if err := r.hasFacts(); err != nil {
		return err
	}
	return r.evidence.eachFlow(f)
}

// EachName calls f with each name row of the facts in their order, as EachFlow does.
func (r *Result) EachName(f func(*hostname.Name) error) error {
	if err := r.hasFacts(); err != nil {
		return err
	}
	return r.evidence.eachName(f)
}

// ReadResult reads a result that was saved with -f json. Unknown keys are accepted; another schema is not.
func ReadResult(r io.Reader) (*Result, error) {
	var out Result
	if err := json.NewDecoder(r).Decode(&out); err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	if out.Schema != Schema {
		return nil, fmt.Errorf("read result: schema is %q, this program reads %q", out.Schema, Schema)
	}
	for i, d := range out.Destinations {
		if d == nil { // the row was null
			out.Destinations[i] = judge.NewDestination()
		}
	}
	if err := out.checkWords(); err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	return &out, nil
}
