package storage

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/locket-health/locket/emergency/storage/migrations"
)

// migrate brings the schema up to date, each step in one transaction together with the note that it was done: a step that is cut off at any
// moment was either done or not begun. Two programs that start at once do it one after the other.
func migrate(ctx context.Context, db *sql.DB, path string) error {
	release, err := flock(path+".migrate", 0)
	if err != nil {
		return err
	}
	defer release()
	provider, err := schema(db)
	if err != nil {
		return err
	}
	if err := checkSchema(ctx, provider, false); err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("storage: bring the schema up to date: %w", err)
	}
	return nil
}

// schema returns the steps of this program.
func schema(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations.Files, "sqlite")
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return nil, fmt.Errorf("storage: read the schema's steps: %w", err)
	}
	return provider, nil
}

// checkSchema refuses a database that is newer than this program and, when exact, one that is older.
func checkSchema(ctx context.Context, provider *goose.Provider, exact bool) error {
	has, knows, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("storage: read the version of the schema: %w", err)
	}
	if has > knows || exact && has < knows {
		return &SchemaError{Database: has, Program: knows}
	}
	return nil
}
