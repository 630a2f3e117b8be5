package emergency

import (
	"errors"

	"github.com/locket-health/locket/emergency/passkey"
)

// hardwarePasskey marks a ceremony whose passkey must be bound to hardware.
const hardwarePasskey = "hardware"

// beginRegistration starts the making of a passkey.
func (s *Service) beginRegistration(user passkey.User, hardware bool) (options, state []byte, err error) {
	if !hardware {
		return s.Passkeys.BeginRegistration(user)
	}
	options, state, err = s.Passkeys.BeginHardware(user)
	if errors.Is(err, passkey.ErrNoMetadata) {
		err = ErrNoMetadata.because(err)
	}
	return options, state, err
}

// finishRegistration checks a passkey that was made. One that is not bound to hardware, where that was asked for, is ErrHardware.
func (s *Service) finishRegistration(user passkey.User, hardware bool, state, response []byte) (passkey.Credential, error) {
	finish := s.Passkeys.FinishRegistration
	if hardware {
		finish = s.Passkeys.FinishHardware
	}
	credential, err := finish(user, state, response)
	if hardware && errors.Is(err, passkey.ErrProof) {
		return credential, ErrHardware.because(err)
	}
	if err != nil {
		return credential, passkeyError(err)
	}
	return credential, nil
}

// hardwareAsked reports whether an organization of an account takes passkeys alone that are bound to hardware.
func hardwareAsked(r Reader, account AccountID) (bool, error) {
	members, err := r.Memberships(account)
	if err != nil {
		return false, err
	}
	for _, member := range members {
		if !member.SuspendedAt.IsZero() {
			continue
		}
		organization, err := r.Organization(member.Organization)
		if err != nil || organization.Hardware {
			return err == nil, err
		}
	}
	return false, nil
}

// boundToHardware reports whether every passkey of an account was proved to be bound to hardware.
func (s *Service) boundToHardware(r Reader, account AccountID) (bool, error) {
	keys, err := r.Passkeys(account)
	if err != nil {
		return false, err
	}
	for _, key := range keys {
		credential, err := s.openCredential(key)
		if err != nil {
			return false, err
		}
		if !credential.Hardware() {
			return false, nil
		}
	}
	return len(keys) > 0, nil
}
