// What IHE PCF (Privacy Consent on FHIR, 1.1, profile Intermediate) asks of a
// Consent beyond FHIR R4.

const profile = 'https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentIntermediate';

/** Everything in a Consent that is not as the profile has it, in sentences. */
export function* unlikePCF(consent) {
  const { meta, scope, category = [], policy = [], provision = {} } = consent;
  if (!meta?.profile?.includes(profile)) yield 'the profile is not named';
  if (consent.status !== 'active') yield 'it is not in force';
  if (scope?.coding?.[0]?.code !== 'patient-privacy') yield 'it is not about privacy';
  if (!category.some(({ coding }) => coding?.some(({ code }) => code === '59284-0'))) yield 'no category is LOINC 59284-0';
  for (const name of ['patient', 'dateTime']) if (!consent[name]) yield `${name} is missing`;
  for (const name of ['performer', 'organization']) if (!consent[name]?.length) yield `${name} is missing`;
  if (!consent.sourceAttachment && !consent.sourceReference) yield 'the source is missing';
  if (policy.length !== 1 || !policy[0].uri || policy[0].authority) yield 'there is not exactly one policy, by its address alone';
  for (const name of ['policyRule', 'verification']) if (consent[name]) yield `${name} is not used in PCF`;
  if (!provision.type) yield 'the root provision has no type';
  for (const name of ['action', 'class', 'code', 'securityLabel']) if (provision[name]) yield `the root provision has ${name}`;
  for (const [index, nested] of (provision.provision ?? []).entries()) {
    if (!nested.type) yield `provision ${index} has no type`;
    if (nested.provision) yield `provision ${index} has exceptions of its own`;
    if (nested.actor?.some(({ role }) => role.coding[0].code !== 'IRCP')) yield `provision ${index} is for somebody who is no recipient`;
  }
}
