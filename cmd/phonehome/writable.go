package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"phonehome/analyze"
)

// Outputs are tried before captures are opened: a scan may take hours, and one that can't be written would be found after them. What is tried leaves nothing behind, and touches
// no file that is there. It is no promise: what changes during the scan is found when the output is written.

// tryOutputs says which outputs can't be written, and which of the files that a workflow names.
func (a *app) tryOutputs(v *view) (failed []error) {
	var made []string // folders of the outputs before
	for _, o := range v.outputs {
		if o.format.Folder != nil {
			failed = append(failed, notWritten(o.path, tryFolder(o.path))...)
			made = append(made, realTop(o.path))
			continue
		}
		if !toBeMade(filepath.Dir(o.path), made) {
			failed = append(failed, notWritten(o.path, tryFile(o.path))...)
		}
	}
	if v.stdout.Name == githubFormat {
		failed = append(failed, a.tryGitHubFiles()...)
	}
	return failed
}

// notWritten is an output that can't be written, as an error that says so; none where it can.
func notWritten(path string, err error) []error {
	if err == nil {
		return nil
	}
	return []error{fmt.Errorf("write %s: %w", path, err)}
}

// tried ends a command whose outputs can't be written.
func tried(failed []error) error {
	if len(failed) == 0 {
		return nil
	}
	return ended(analyze.Exit{}, failed)
}

// toBeMade says whether a folder is not there, and comes into being with one that is made.
func toBeMade(folder string, made []string) bool {
	_, err := os.Lstat(folder)
	return errors.Is(err, fs.ErrNotExist) && slices.ContainsFunc(made, func(m string) bool { return within(m, realTop(folder)) })
}

// realTop is an absolute path by which what is there already is reached without links.
func realTop(path string) string {
	path = absolute(path)
	top := there(path)
	real, err := filepath.EvalSymlinks(top)
	if err != nil {
		return path
	}
	return filepath.Join(real, strings.TrimPrefix(path, top))
}

var errFolder = errors.New("is a folder, and no file")

// tryFile says why writeFile can't write a file. What is written in place is not opened for that: the reader of a pipe would take it for the whole.
func tryFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir() || strings.HasSuffix(path, string(filepath.Separator)):
		return errFolder
	case inPlace(path):
		return nil
	}
	return tryBeside(path)
}

// tryFolder says why a folder can't be made, or can't be written to where it is there.
func tryFolder(path string) error {
	path = there(filepath.Clean(path))
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", path)
	}
	return tryBeside(filepath.Join(path, "phonehome"))
}

// there is as much of a path as is there.
func there(path string) string {
	for absent(path) {
		path = filepath.Dir(path)
	}
	return path
}

// absent says whether nothing is at a path. A link that leads nowhere is something, and the root is there.
func absent(path string) bool {
	_, err := os.Lstat(path)
	return (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) && filepath.Dir(path) != path
}

// tryBeside makes a file where writeFile does for a path, and removes it.
func tryBeside(path string) error {
	temp := beside(path)
	file, err := create(temp)
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(temp))
}

// tryAppend says why appendTo can't add to a file.
func tryAppend(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return tryBeside(path)
	case err != nil:
		return err
	case info.IsDir():
		return errFolder
	case !info.Mode().IsRegular():
		return nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	return file.Close()
}
