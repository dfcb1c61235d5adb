package hostname

import (
	"phonehome/analyze/flow"
	"phonehome/analyze/personal"
)

// detectText knows text that is of no other protocol by its beginning: files on the data connection of FTP (RFC 959, section 3.1), lines of JSON, exports.
func detectText(_ *flow.Meta, head []byte) match {
	for i, b := range head {
		switch {
		case i == leastText:
			return yes
		case !isText(b):
			return no
		}
	}
	return maybe
}

const (
	// leastText is how many bytes show that a stream is text.
	leastText = 16
	// maxText is how much text is looked at as one: a table with its head, or some hundred lines of a log.
	maxText = 16 << 10
	// maxTexts is how many flows of text a shard follows at a time: what each holds is for the few that say something, and there may be millions that don't.
	maxTexts = 256
)

// textReader looks for personal data in what each end sends, until that is another protocol.
type textReader struct {
	ends  [2]cleartext
	tries tries // pieces of each end that may begin another protocol, and did not
}

func startText(n *Namer) streamReader {
	if n.texts == maxTexts {
		n.hit(limitContent)
		return nil
	}
	n.texts++
	return new(textReader)
}

func (r *textReader) read(n *Namer, _ *flow.Conv, m *flow.Meta, data []byte) (used int, more flow.More) {
	held := m.Held
	if held == 0 || held >= len(data) {
		return r.piece(n, m, data)
	}
	if used, more = r.piece(n, m, data[:held]); more == flow.Go {
		more = anew // as in unrecognised: what came behind may begin another protocol
	}
	return used, more
}

// piece reads what came in one piece.
func (r *textReader) piece(n *Namer, m *flow.Meta, data []byte) (int, flow.More) {
	c := &r.ends[m.Dir&1]
	tried := r.tries.of(m.Dir)
	if tried < maxTries {
		if p, _ := detectStream(m, data, false); p != nil && p.name != "text" {
			return 0, again
		}
		r.tries, _ = r.tries.next(m.Dir)
	}
	if !mostlyText(data) {
		r.look(n, c)
		if tried > 0 {
			return 0, again
		}
		return len(data), flow.Go // it only began as text does
	}
	c.collect(n, m, data)
	c.scanned += len(data)
	if c.enough || len(c.text) >= maxText {
		r.look(n, c)
	}
	if c.scanned > n.limits.Content {
		return len(data), flow.Stop
	}
	return len(data), flow.Go
}

func (r *textReader) gap(n *Namer, _ *flow.Conv, m *flow.Meta, _ int64) flow.More {
	r.look(n, &r.ends[m.Dir&1])
	return flow.Go
}

func (r *textReader) close(n *Namer) {
	n.texts--
	for i := range r.ends {
		r.look(n, &r.ends[i])
	}
}

// look looks at what an end sent so far.
func (r *textReader) look(n *Namer, c *cleartext) {
	if len(c.text) > 0 {
		personal.Text(c.text, n.report(&c.reported, &c.from, inStream))
	}
	c.drop(n)
}
