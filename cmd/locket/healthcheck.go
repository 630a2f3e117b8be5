package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

func healthcheckCommand() command {
	return command{
		name: "healthcheck", synopsis: "[--url URL]",
		summary:  "ask a running server whether it is ready",
		about:    "Exits 0 when the server's /readyz says yes. For containers without a shell.",
		examples: []string{"locket healthcheck --url http://127.0.0.1:8080"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			url := f.text("url", "http://127.0.0.1:8080", "URL", "scheme and host of the server")
			return func(ctx context.Context, env environment, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
				defer cancel()
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, *url+"/readyz", nil)
				if err != nil {
					return usageError{"--url is scheme and host, such as http://127.0.0.1:8080"}
				}
				response, err := new(http.Client).Do(request)
				if err != nil {
					return &failure{"the server does not answer", err, "is it running? locket serve --help"}
				}
				defer response.Body.Close()
				body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
				if err != nil {
					return err
				}
				fmt.Fprintf(env.stdout, "%s\n", body)
				if response.StatusCode != http.StatusOK {
					return errSilent
				}
				return nil
			}
		},
	}
}
