package summary

import "strings"

const (
	systemParticipant = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
	urlTargetElement  = "http://hl7.org/fhir/StructureDefinition/targetElement" // names a part of the target by its id
)

// participants has the type of agent for each kind of source (FHIR R4, ProvenanceParticipantType): who reports what was told or lived through is an
// informant, who answers for it is its author.
var participants = map[string]string{
	SourceSelf: "informant", SourceGuardian: "informant", SourceClinician: "author", SourceOrganization: "author", SourceImported: "author",
}

// attested collects what was stated by the same source and last confirmed on the same day: one Provenance says it of all of them.
type attested struct {
	order []statement
	of    map[statement][]object // references
}

type statement struct {
	source    Source
	confirmed Date
}

func (a *attested) add(item Item, target object) {
	key := statement{item.Source, item.Confirmed}
	if a.of == nil {
		a.of = map[statement][]object{}
	}
	if a.of[key] == nil {
		a.order = append(a.order, key)
	}
	a.of[key] = append(a.of[key], target)
}

// provenances are the entries that say of every item who stated it and when it was last said to be still so. The instant of recording is the
// beginning of that day, never a later one: nothing may look fresher than it is.
func (ex *exporter) provenances(a attested) []object {
	var entries []object
	for _, key := range a.order {
		r := object{"resourceType": "Provenance", "target": a.of[key], "agent": []object{ex.agent(key.source)}}
		putText(r, "occurredDateTime", string(key.confirmed))
		if key.confirmed != "" && key.confirmed.whole() {
			r["recorded"] = string(key.confirmed) + "T00:00:00Z"
		} else {
			r["_recorded"] = unknown()
		}
		url := ex.url(strings.Join([]string{"provenance", key.source.Kind, key.source.Name, string(key.confirmed)}, "\x00"))
		entries = append(entries, object{"fullUrl": url, "resource": r})
	}
	return entries
}

// agent is whoever stated something, in words.
func (ex *exporter) agent(source Source) object {
	who := actorOf(source)
	if source.Kind == SourceSelf {
		who = ex.subject()
	}
	if who == nil {
		return object{"who": unknown()}
	}
	agent := object{"who": who}
	if kind := participants[source.Kind]; kind != "" {
		agent["type"] = coded(systemParticipant, kind)
	}
	if source.Kind == SourceGuardian {
		agent["onBehalfOf"] = ex.subject()
	}
	return agent
}

// elementOf is a reference to a part of a resource: a contact of the Patient, the reason why a section is empty.
func elementOf(url, id string) object {
	return object{"reference": url, "extension": []object{{"url": urlTargetElement, "valueUri": id}}}
}

// proof is what a Provenance says of everything that it is about. It is read once: a document may have one of them for thousands of items.
type proof struct {
	*resource
	agent  *node // the first who reported or answers for it
	source Source
}

// provenances finds the proofs of what becomes an item.
type provenances struct {
	of        map[*node][]*proof  // by the resource
	ofElement map[string][]*proof // by the id of a part of the Patient or the Composition
}

func (im *importer) findProvenances() {
	im.provenances = provenances{map[*node][]*proof{}, map[string][]*proof{}}
	for _, r := range im.entries {
		if r.kind != "Provenance" {
			continue
		}
		p := im.readProof(r)
		for _, target := range r.get("target").list() {
			to := im.resolve(target, r)
			if to == nil {
				continue
			}
			element := ""
			for _, extension := range target.get("extension").list() {
				if extension.get("url").str() == urlTargetElement {
					element = extension.get("valueUri").take()
				}
			}
			switch {
			case element == "":
				im.provenances.of[to.node] = with(im.provenances.of[to.node], p)
			case to.kind == "Patient" || to.kind == "Composition":
				im.provenances.ofElement[element] = with(im.provenances.ofElement[element], p)
			}
		}
	}
}

// with adds a proof that may name one target many times.
func with(list []*proof, p *proof) []*proof {
	if len(list) > 0 && list[len(list)-1] == p {
		return list
	}
	return append(list, p)
}

func (im *importer) readProof(r *resource) *proof {
	p := &proof{resource: r}
	for _, agent := range r.get("agent").list() {
		if kind := codeIn(agent.get("type")); kind != "" && kind != "author" && kind != "informant" {
			continue
		}
		if p.source = im.peekSource(agent.get("who"), r); p.source != (Source{}) {
			p.agent = agent
			break
		}
	}
	return p
}

// attest takes from the Provenance of an item who stated it and when, where the item does not say it itself. What says something else stays
// unused, and is named in the end.
func (im *importer) attest(item *Item, n *node) {
	if n == nil {
		return
	}
	proofs := im.provenances.of[n]
	if id := n.get("id").str(); id != "" && n.get("resourceType") == nil {
		proofs = im.provenances.ofElement[id]
	}
	for _, p := range proofs {
		im.attestSource(item, p)
		attestDay(item, p)
	}
}

func (im *importer) attestSource(item *Item, p *proof) {
	if item.Source == (Source{}) {
		item.Source = p.source
	}
	if p.agent != nil && item.Source == p.source && !p.agent.used {
		im.sourceOf(p.agent.get("who"), p.resource)
		p.agent.get("type").use()
		p.agent.used = true
	}
}

func attestDay(item *Item, p *proof) {
	for _, day := range []*node{p.get("occurredDateTime"), p.get("occurredPeriod").get("end"), p.get("recorded")} {
		said := dateIn(day.str())
		if said == "" {
			continue
		}
		if item.Confirmed == "" {
			item.Confirmed = said
		}
		if item.Confirmed == said {
			day.take()
		}
	}
}
