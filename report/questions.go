package report

import "slices"

// What to ask a vendor, and what to decide, by rule. The words name no client, no inside address and no other vendor: letters use them too.

// questionsToAll are asked whatever the rule.
var questionsToAll = []string{
	"Which product or component sends this, and is it switched on as delivered?",
	"What is sent: which categories of data, and are personal data among them?",
	"For what purpose, and where in our agreement or your documentation is it disclosed?",
	"Which company operates the destinations, in which countries, and who else receives the data?",
	"How long is the data kept, and how can it be deleted?",
	"How is the transfer switched off, and what stops working without it?",
}

// questionsOfRule are asked where a rule has a finding.
var questionsOfRule = map[string][]string{
	"undisclosed-destination": {"Was this transfer disclosed to us in a document that our register lacks? Please send it, with its date."},
	"disclosure-expired":      {"On which day did our agreement end for you, and why was data accepted after it?", "What was done with the data received since, and will you delete it?"},
	"asset-egress":            {"Does the product need a connection to you when it runs on this kind of host? How is it operated without one?"},
	"country-not-allowed":     {"In which country do these addresses stand, and is data passed on from there?"},
	"volume-exceeded":         {"What was sent on the days on which more than the agreed volume was sent?"},
	"threat-intel":            {"The destination is named on a list of indicators: do you operate it, and do you know why it is listed?"},
	"cleartext-personal-data": {"Why is this sent without encryption, since which version, and when will it be encrypted?"},
	"dns-tunnel":              {"Which data do the names carry that are looked up below this domain, and why in DNS?"},
	"bulk-upload":             {"What makes up the volume that was sent, and can it be limited?"},
	"beacon":                  {"What is exchanged at each interval, and can the interval be set?"},
	"unnamed-destination":     {"Do you operate these addresses, which have no name in what we saw? Please name all addresses that the product uses."},
	"name-mismatch":           {"Why does the product name one host, while other evidence is of another?"},
	"hidden-name":             {"Why does the product hide which host it connects to, and can that be switched off?"},
	"new-destination":         {"Since which version does the product use this destination, and why?"},
}

// questions are those of some rules, then those to all.
func questions(rules ...string) (out []string) {
	for _, r := range rules {
		for _, q := range questionsOfRule[r] {
			if !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	return append(out, questionsToAll...)
}

// decisionOfRule is what somebody has to decide about a finding.
var decisionOfRule = map[string]string{
	"undisclosed-destination": "Approve the transfer with an entry in the register, or stop it.",
	"disclosure-expired":      "Renew the agreement and the register's entry, or remove the software.",
	"asset-egress":            "Keep the asset's policy and remove what sends, or change the policy.",
	"country-not-allowed":     "Allow the country in the register's entry, or have the vendor keep the data where it was agreed.",
	"volume-exceeded":         "Agree to a greater volume, or limit what is sent.",
	"threat-intel":            "Examine the client; or write down, in an ignore file, why the list does not apply.",
	"cleartext-personal-data": "Have it encrypted or stopped, and have the privacy officer look at what was sent.",
	"dns-tunnel":              "Find the software that asks for these names, and approve or stop it.",
	"bulk-upload":             "Say who wants the upload: approve it in the register with a daily limit, or stop it.",
	"beacon":                  "Say which software keeps the rhythm and who wants it, or stop it.",
	"unnamed-destination":     "Find out whose address it is, or block it.",
	"name-mismatch":           "Say why name and address differ, or look at the client.",
	"hidden-name":             "Allow hidden names on these clients, or switch them off.",
	"new-destination":         "Add the destination to the register and write a new lock file, or stop it.",
}
