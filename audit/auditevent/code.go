package auditevent

import "github.com/locket-health/locket/audit"

// Systems of codes. Those of others are as FHIR R4 has them.
const (
	sysDCM       = "http://dicom.nema.org/resources/ontology/DCM"
	sysEventType = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	sysLifecycle = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
	sysREST      = "http://hl7.org/fhir/restful-interaction"
	sysAuthZ     = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType"
	sysReason    = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	sysPart      = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	sysRoleClass = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
	sysSecurity  = "http://terminology.hl7.org/CodeSystem/extra-security-role-type"
	sysSource    = "http://terminology.hl7.org/CodeSystem/security-source-type"
	sysEntity    = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	sysObject    = "http://terminology.hl7.org/CodeSystem/object-role"
	sysResource  = "http://hl7.org/fhir/resource-types"
	sysURI       = "urn:ietf:rfc:3986"

	base        = "https://locket.health/fhir/"
	sysOwnEvent = base + "CodeSystem/audit-event"             // the type of the entry
	sysOwnWhy   = base + "CodeSystem/break-glass-reason"      // the stated reason
	sysOwnRole  = base + "CodeSystem/responder-role"          // the stated role
	urlVerified = base + "StructureDefinition/audit-verified" // on an agent: what stands behind who they say they are
	urlAbsent   = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

	balp              = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
	profileDisclosure = balp + "PrivacyDisclosure.Source"
	profileDecision   = balp + "AuthZconsent"
	profileRead       = balp + "PatientRead"
)

func dcm(code, display string) coding       { return coding{sysDCM, code, display} }
func lifecycle(code, display string) coding { return coding{sysLifecycle, code, display} }

var (
	codeActivity  = dcm("110100", "Application Activity")
	codeLogUsed   = dcm("110101", "Audit Log Used")
	codeExport    = dcm("110106", "Export")
	codeImport    = dcm("110107", "Import")
	codeRecord    = dcm("110110", "Patient Record")
	codeAlert     = dcm("110113", "Security Alert")
	codeSignIn    = dcm("110114", "User Authentication")
	codeLogin     = dcm("110122", "Login")
	codeStarted   = dcm("110127", "Emergency Override Started")
	codeConfig    = dcm("110129", "Security Configuration")
	codeRecording = dcm("110134", "Audit Recording Started")
	codeObject    = dcm("110135", "Object Security Attributes Changed")
	codeRoles     = dcm("110136", "Security Roles Changed")
	codeUser      = dcm("110137", "User security Attributes Changed")
	codeStopped   = dcm("110138", "Emergency Override Stopped")
	codeApp       = dcm("110150", "Application")
	codeTarget    = dcm("110152", "Destination Role ID")
	codeOrigin    = dcm("110153", "Source Role ID")

	codeAccess   = lifecycle("access", "Access/View Record Lifecycle Event")
	codeArchive  = lifecycle("archive", "Archive Record Lifecycle Event")
	codeDestroy  = lifecycle("destroy", "Destroy/Delete Record Lifecycle Event")
	codeDisclose = lifecycle("disclose", "Disclose Record Lifecycle Event")
	codeExtract  = lifecycle("extract", "Extract Record Lifecycle Event")
	codeRestore  = lifecycle("restore", "Restore Record Lifecycle Event")

	codeREST      = coding{sysEventType, "rest", "RESTful Operation"}
	codeReadREST  = coding{sysREST, "read", "read"}
	codeConsent   = coding{sysAuthZ, "AuthZ-Consent", "Authorization Decision using Roles and Consent"}
	codeRecipient = coding{sysPart, "IRCP", "information recipient"}
	codeProvider  = coding{sysRoleClass, "PROV", "healthcare provider"}
	codeDecider   = coding{sysSecurity, "authserver", "authorization server"}
	codeHuman     = coding{sysSecurity, "humanuser", "human user"}
	codeServer    = coding{sysSource, "4", "Application Server"}
	codeSecurity  = coding{sysSource, "6", "Security Server"}

	codePerson       = coding{sysEntity, "1", "Person"}
	codeSystemObject = coding{sysEntity, "2", "System Object"}
	codeOrganization = coding{sysEntity, "3", "Organization"}
	codeOther        = coding{sysEntity, "4", "Other"}
	codeConsentType  = coding{sysResource, "Consent", "Consent"}

	rolePatient  = coding{sysObject, "1", "Patient"}
	roleReport   = coding{sysObject, "3", "Report"}
	roleResource = coding{sysObject, "4", "Domain Resource"}
	roleUser     = coding{sysObject, "6", "User"}
	roleSecurity = coding{sysObject, "13", "Security Resource"}

	codeTest     = coding{sysReason, "HTEST", "test health data"}
	purposeBreak = coding{sysReason, "BTG", "break the glass"}
	purposeTreat = coding{sysReason, "ETREAT", "Emergency Treatment"}
	purposeRoom  = coding{sysReason, "ERTREAT", "emergency room treatment"}
	purposeAsked = coding{sysReason, "PATRQT", "patient requested"}
)

// Outcomes of an AuditEvent.
const (
	outcomeDone   = "0"
	outcomeMinor  = "4"
	outcomeFailed = "8"
)

// about says what the subject of an entry is.
type about int

const (
	aboutEither about = iota // a patient or something else: House.IsPatient knows
	aboutPatient
	aboutAccount
	aboutOrganization
)

// meaning is how the entries of a type are written, where no profile is for them. Every one has its own type as a further subtype.
type meaning struct {
	code    coding
	subtype coding // the zero coding for none
	action  string // C, R, U, D or E
	about   about
}

// meanings cover every type that there is, and a type of the future is activity of the application. Codes of others stand only where they fit.
var meanings = map[audit.Type]meaning{
	audit.CardIssued:      {codeExtract, coding{}, "C", aboutPatient},
	audit.CardScanned:     {codeAccess, coding{}, "R", aboutPatient},
	audit.CardReadOffline: {codeAccess, coding{}, "R", aboutPatient},
	audit.CardTapDoubted:  {codeAlert, coding{}, "E", aboutPatient},
	audit.CardRevoked:     {codeAlert, codeObject, "U", aboutPatient},
	audit.GlassOpened:     {codeExport, codeDisclose, "R", aboutPatient},
	audit.GlassReopened:   {codeExport, codeDisclose, "R", aboutPatient},
	audit.GlassRefused:    {codeAlert, coding{}, "E", aboutPatient},
	audit.GrantEnded:      {codeAlert, codeStopped, "E", aboutPatient},

	audit.RequestWaiting:   {codeAlert, coding{}, "E", aboutPatient},
	audit.RequestApproved:  {codeAlert, coding{}, "E", aboutPatient},
	audit.RequestVetoed:    {codeAlert, coding{}, "E", aboutPatient},
	audit.RequestWithdrawn: {codeAlert, coding{}, "E", aboutPatient},
	audit.MessageSent:      {codeActivity, coding{}, "C", aboutPatient},
	audit.HandoverMade:     {codeActivity, coding{}, "C", aboutPatient},
	audit.ReviewGiven:      {codeActivity, coding{}, "C", aboutPatient},
	audit.ReviewAnswered:   {codeActivity, coding{}, "C", aboutPatient},
	audit.OfficerSearched:  {codeLogUsed, coding{}, "R", aboutPatient},
	audit.OfficerExported:  {codeExport, coding{}, "R", aboutPatient},
	audit.NoticeFailed:     {codeActivity, coding{}, "E", aboutPatient},
	audit.NoticeRepeated:   {codeActivity, coding{}, "E", aboutPatient},

	audit.RulesChanged:  {codeAlert, codeObject, "U", aboutPatient},
	audit.RulesProposed: {codeAlert, codeObject, "U", aboutPatient},
	audit.RulesVetoed:   {codeAlert, codeObject, "U", aboutPatient},

	audit.OrganizationMade:      {codeAlert, codeRoles, "C", aboutOrganization},
	audit.OrganizationChanged:   {codeAlert, codeRoles, "U", aboutOrganization},
	audit.OrganizationSuspended: {codeAlert, codeRoles, "U", aboutOrganization},
	audit.OrganizationRestored:  {codeAlert, codeRoles, "U", aboutOrganization},
	audit.MemberInvited:         {codeAlert, codeRoles, "C", aboutOrganization},
	audit.InvitationWithdrawn:   {codeAlert, codeRoles, "D", aboutEither},
	audit.MemberAdded:           {codeAlert, codeRoles, "C", aboutOrganization},
	audit.MemberSuspended:       {codeAlert, codeRoles, "U", aboutOrganization},
	audit.MemberRestored:        {codeAlert, codeRoles, "U", aboutOrganization},
	audit.BadgeIssued:           {codeAlert, codeUser, "C", aboutOrganization},
	audit.BadgeRevoked:          {codeAlert, codeUser, "D", aboutOrganization},

	audit.ContactInvited:   {codeAlert, codeRoles, "C", aboutPatient},
	audit.ContactConfirmed: {codeAlert, codeRoles, "U", aboutPatient},
	audit.ContactStopped:   {codeAlert, codeRoles, "D", aboutPatient},
	audit.KeeperInvited:    {codeAlert, codeRoles, "C", aboutPatient},
	audit.KeeperAdded:      {codeAlert, codeRoles, "C", aboutPatient},
	audit.KeeperRemoved:    {codeAlert, codeRoles, "D", aboutPatient},
	audit.HandedOver:       {codeAlert, codeRoles, "U", aboutPatient},
	audit.Confidential:     {codeAlert, codeObject, "U", aboutPatient},

	audit.RecordChanged:   {codeRecord, coding{}, "U", aboutPatient},
	audit.RecordImported:  {codeImport, coding{}, "C", aboutPatient},
	audit.PatientCreated:  {codeRecord, coding{}, "C", aboutPatient},
	audit.PatientDeleted:  {codeRecord, coding{}, "D", aboutPatient},
	audit.AccountCreated:  {codeAlert, codeUser, "C", aboutAccount},
	audit.AccountSignedIn: {codeSignIn, codeLogin, "E", aboutAccount},
	audit.AccountDeleted:  {codeAlert, codeUser, "D", aboutAccount},
	audit.PasskeyAdded:    {codeAlert, codeUser, "C", aboutAccount},
	audit.PasskeyRemoved:  {codeAlert, codeUser, "D", aboutAccount},
	audit.RecoverySet:     {codeAlert, codeUser, "U", aboutAccount},
	audit.RecoveryUsed:    {codeSignIn, codeLogin, "E", aboutAccount},
	audit.DataExported:    {codeExport, coding{}, "R", aboutEither},
	audit.KeyMade:         {codeAlert, codeConfig, "C", aboutEither},
	audit.KeyPromoted:     {codeAlert, codeConfig, "U", aboutEither},
	audit.KeyRetired:      {codeAlert, codeConfig, "U", aboutEither},
	audit.KeyWithdrawn:    {codeAlert, codeConfig, "U", aboutEither},
	audit.IssuerTrusted:   {codeAlert, codeConfig, "C", aboutEither},
	audit.IssuerRemoved:   {codeAlert, codeConfig, "D", aboutEither},
	audit.BackupMade:      {codeArchive, coding{}, "R", aboutEither},
	audit.BackupRestored:  {codeRestore, coding{}, "C", aboutEither},

	audit.EntryErased: {codeDestroy, coding{}, "D", aboutEither},
	audit.LogPruned:   {codeDestroy, coding{}, "D", aboutEither},
	audit.LogEpoch:    {codeAlert, codeRecording, "E", aboutEither},
	audit.LogAlarm:    {codeAlert, coding{}, "E", aboutEither},
	audit.ReceiptMade: {codeLogUsed, coding{}, "R", aboutEither},

	audit.Drill:         {codeActivity, coding{}, "E", aboutPatient},
	audit.DrillFinished: {codeActivity, coding{}, "E", aboutPatient},
}

func meaningOf(kind audit.Type) meaning {
	if m, known := meanings[kind]; known {
		return m
	}
	return meaning{codeActivity, coding{}, "E", aboutEither}
}

// subtypes are the standard subtype, if there is one, and our own.
func (m meaning) subtypes(kind audit.Type) []coding {
	own := coding{System: sysOwnEvent, Code: string(kind)}
	if m.subtype == (coding{}) {
		return []coding{own}
	}
	return []coding{m.subtype, own}
}
