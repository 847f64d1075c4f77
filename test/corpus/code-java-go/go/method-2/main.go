package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var db *sql.DB

type Box struct {
	Text string
}

func (b *Box) Get() string {
	return b.Text
}

func handle(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	param := string(body)
	box := &Box{Text: param}
	bar := box.Get()
	exec.Command("sh", "-c", "echo "+bar).Run()
}
