package emergency

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// AccountView is an account as its owner sees it.
type AccountView struct {
	ID           AccountID
	Name, Lang   string
	Passkeys     []PasskeyView
	HasRecovery  bool
	RecoveryAt   time.Time
	ReadyToIssue bool // a second passkey or a recovery code is there, so that a lost phone does not lose the record
}

// profile is what Account.SealedProfile holds.
type profile struct {
	Name string `json:"name"`
}

// maxNameBytes bounds the names of accounts, patients, passkeys and cards.
const maxNameBytes = 200

// cleanName trims a name and refuses what is empty, too long, not UTF-8 or holds control characters.
func cleanName(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	bad := func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }
	if name == "" || len(name) > maxNameBytes || strings.ContainsFunc(name, bad) {
		return "", ErrInvalid.with("field", field)
	}
	return name, nil
}

// Account returns the caller's own account.
func (s *Service) Account(ctx context.Context, c Caller) (AccountView, error) {
	if c.Account == "" {
		return AccountView{}, ErrSignIn
	}
	var view AccountView
	err := s.Store.View(ctx, func(r Reader) error {
		account, err := r.Account(c.Account)
		if err != nil {
			return err
		}
		p, err := s.openProfile(account)
		if err != nil {
			return err
		}
		view = AccountView{ID: account.ID, Name: p.Name, Lang: account.Lang, HasRecovery: !account.Recovery.IsZero(), RecoveryAt: account.RecoveryAt}
		keys, err := r.Passkeys(c.Account)
		if err != nil {
			return err
		}
		for _, key := range keys {
			v, err := s.viewPasskey(key)
			if err != nil {
				return err
			}
			view.Passkeys = append(view.Passkeys, v)
		}
		view.ReadyToIssue = view.HasRecovery || len(keys) > 1
		return nil
	})
	return view, err
}

func (s *Service) sealProfile(id AccountID, p profile) ([]byte, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return s.seal("account", "profile", string(id), plain)
}

func (s *Service) openProfile(account Account) (profile, error) {
	var p profile
	plain, err := s.unseal("account", "profile", string(account.ID), account.SealedProfile)
	if err != nil || plain == nil {
		return p, err
	}
	return p, json.Unmarshal(plain, &p)
}
