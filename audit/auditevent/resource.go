package auditevent

// The parts of an AuditEvent (FHIR R4) that are written.

type resource struct {
	ResourceType string    `json:"resourceType"`
	ID           string    `json:"id"`
	Meta         meta      `json:"meta"`
	Type         coding    `json:"type"`
	Subtype      []coding  `json:"subtype,omitempty"`
	Action       string    `json:"action"`
	Recorded     string    `json:"recorded"`
	Outcome      string    `json:"outcome"`
	OutcomeDesc  string    `json:"outcomeDesc,omitempty"`
	Purpose      []concept `json:"purposeOfEvent,omitempty"`
	Agent        []agent   `json:"agent"`
	Source       source    `json:"source"`
	Entity       []entity  `json:"entity,omitempty"`
}

type meta struct {
	Source   string   `json:"source"`
	Profile  []string `json:"profile,omitempty"`
	Security []coding `json:"security,omitempty"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitempty"`
}

type identifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type reference struct {
	Type       string      `json:"type,omitempty"`
	Identifier *identifier `json:"identifier,omitempty"`
	Display    string      `json:"display,omitempty"`
}

type extension struct {
	URL  string `json:"url"`
	Code string `json:"valueCode"`
}

type network struct {
	Extension []extension `json:"extension,omitempty"`
	Address   string      `json:"address,omitempty"`
	Type      string      `json:"type,omitempty"`
}

type agent struct {
	Extension    []extension `json:"extension,omitempty"`
	Type         *concept    `json:"type,omitempty"`
	Role         []concept   `json:"role,omitempty"`
	Who          reference   `json:"who"`
	Requestor    bool        `json:"requestor"`
	Network      *network    `json:"network,omitempty"`
	PurposeOfUse []concept   `json:"purposeOfUse,omitempty"`
}

type source struct {
	Site     string    `json:"site"`
	Observer reference `json:"observer"`
	Type     []coding  `json:"type"`
}

type detail struct {
	Type   string `json:"type"`
	String string `json:"valueString,omitempty"`
	Base64 string `json:"valueBase64Binary,omitempty"`
}

type entity struct {
	What   reference `json:"what"`
	Type   coding    `json:"type"`
	Role   *coding   `json:"role,omitempty"`
	Detail []detail  `json:"detail,omitempty"`
}
