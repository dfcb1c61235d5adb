package report

import (
	"strings"
)

// csvText makes text fit for a cell: nothing that turns lines or takes no room, as on a terminal, and nothing that a spreadsheet would take for a formula. A cell that
// begins like one gets an apostrophe in front, which spreadsheets read as "this is text".
func csvText(s string) string {
	s = Terminal(s)
	if s != "" && strings.ContainsRune("=+-@＝＋－＠", firstRune(s)) {
		return "'" + s
	}
	return s
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// markdownSpecial are the marks that begin something in CommonMark and GitHub's dialect wherever they stand.
const markdownSpecial = "\\`*_[]<>|~&#!$"

// markdownText makes text fit for a line of Markdown: it is shown as it is, and nothing in it is markup, a link, a mention or an emoji. A mark at its beginning would make a list.
func markdownText(s string) string {
	var b strings.Builder
	s = markdownWords.Replace(Terminal(s))
	for i, r := range s {
		switch {
		case strings.ContainsRune(markdownSpecial, r), i == 0 && strings.ContainsRune("-+=", r), (r == '.' || r == ')') && numbersList(s, i):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// numbersList says whether a mark at i makes the number in front of it that of a list.
func numbersList(s string, i int) bool {
	digits := strings.TrimLeft(s[:i], "0123456789")
	return i > 0 && digits == "" && (i+1 == len(s) || s[i+1] == ' ')
}

// markdownWords are what sites that show Markdown turn into links without being asked to.
var markdownWords = strings.NewReplacer("@", `\x40`, "://", `:\x2f/`, "www.", `www\x2e`, "WWW.", `WWW\x2e`)

// markdownCode makes text fit for a span of code, in which sites make no links of names. What would end the span, or the cell of a table, stands as an escape.
func markdownCode(s string) string {
	if s == "" {
		return ""
	}
	return "`" + codeSpan.Replace(Terminal(s)) + "`"
}

var codeSpan = strings.NewReplacer("`", `\x60`, "|", `\x7c`)

// logText makes text fit for the log of a CI system: no line of it, and no part, is a command to the system that shows it.
func logText(s string) string { return logCommands.Replace(Terminal(s)) }

var logCommands = strings.NewReplacer("::", `:\x3a`, "##[", `#\x23[`, "##vso", `#\x23vso`)
