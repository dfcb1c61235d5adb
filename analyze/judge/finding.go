package judge

// Finding is one thing to tell a person, per vendor and rule.
type Finding struct {
	ID       string `json:"id"`
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
}
