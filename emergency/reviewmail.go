package emergency

import (
	"context"
	"encoding/json"
	"errors"
	"net/mail"
	"strings"

	"github.com/locket-health/locket/audit"
)

// reviewMail is what Organization.SealedMail holds: the address at which its administrators are told that a patient waits for an answer.
type reviewMail struct {
	Mail string `json:"mail"`
	Lang string `json:"lang,omitempty"`
}

// SetReviewMail says where the administrators of an organization are told that a patient waits for their answer; "" is nowhere but its page. The organization ""
// is that of the privacy officers, who are told of every one.
func (s *Service) SetReviewMail(ctx context.Context, c Caller, id OrganizationID, address string) error {
	address = strings.TrimSpace(address)
	if address != "" && !isMail(address) {
		return ErrInvalid.with("field", "mail")
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		organization, err := s.administered(tx, c, id)
		if err != nil {
			return err
		}
		organization.SealedMail = nil
		if address != "" {
			plain, err := json.Marshal(reviewMail{Mail: address, Lang: c.Lang})
			if err != nil {
				return err
			}
			if organization.SealedMail, err = s.seal("organization", "mail", string(organization.ID), plain); err != nil {
				return err
			}
		}
		event := s.event(c, audit.OrganizationChanged, string(organization.ID))
		event.Details = map[string]string{"what": "mail"}
		tx.Append(event)
		return tx.PutOrganization(organization)
	})
}

// ReviewMail is the address that SetReviewMail has set, "" for none.
func (s *Service) ReviewMail(ctx context.Context, c Caller, id OrganizationID) (string, error) {
	var told reviewMail
	err := s.Store.View(ctx, func(r Reader) error {
		organization, err := s.administered(r, c, id)
		if err != nil {
			return err
		}
		told, err = s.openReviewMail(organization)
		return err
	})
	return told.Mail, err
}

// administered reads an organization that the caller administers; "" is that of the privacy officers.
func (s *Service) administered(r Reader, c Caller, id OrganizationID) (Organization, error) {
	if id == "" {
		if err := officer(r, c); err != nil {
			return Organization{}, err
		}
		var err error
		if id, err = operatorIn(r); err != nil {
			return Organization{}, err
		}
	}
	if err := s.administers(r, c, id); err != nil {
		return Organization{}, err
	}
	return r.Organization(id)
}

func (s *Service) openReviewMail(organization Organization) (reviewMail, error) {
	var told reviewMail
	plain, err := s.unseal("organization", "mail", string(organization.ID), organization.SealedMail)
	if err != nil || plain == nil {
		return told, err
	}
	return told, json.Unmarshal(plain, &told)
}

// tellReviewers writes to the organization that owes an answer, and to the privacy officers, in the transaction of the review. The message names nobody.
func (s *Service) tellReviewers(tx Tx, review Review) error {
	operator, err := operatorIn(tx)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	for id, page := range map[OrganizationID]string{review.Organization: "/org/" + string(review.Organization), operator: "/officer"} {
		if id == "" {
			continue
		}
		organization, err := tx.Organization(id)
		if err != nil {
			return err
		}
		told, err := s.openReviewMail(organization)
		if err != nil {
			return err
		}
		if told.Mail == "" {
			continue
		}
		if err := s.putNotice(tx, "", "", letter{Kind: NewsReview, Mail: told.Mail, Lang: told.Lang, Link: s.URL + page}); err != nil {
			return err
		}
	}
	return nil
}

// isMail reports whether a text is an address that mail can be sent to, and nothing beside it.
func isMail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && len(text) <= maxMail && address.Name == "" && address.Address == text && !strings.ContainsFunc(text, notPrintable)
}
