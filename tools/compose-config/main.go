// Reads a Compose file with the library that Docker Compose itself reads it with, and prints the
// project as JSON: `compose-config FILE [ENV_FILE]`. The environment is only what ENV_FILE says.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func run(arguments []string) error {
	if len(arguments) < 1 || len(arguments) > 2 {
		return fmt.Errorf("usage: compose-config FILE [ENV_FILE]")
	}
	options, err := cli.NewProjectOptions(arguments[:1],
		cli.WithEnvFiles(arguments[1:]...), cli.WithDotEnv)
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(project)
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compose-config:", err)
		os.Exit(1)
	}
}
