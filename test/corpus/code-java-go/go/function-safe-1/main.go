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

func pick(text string) string {
	if text == "a" {
		return "x"
	}
	return "y"
}

func handle(w http.ResponseWriter, r *http.Request) {
	param := r.URL.Query().Get("name")
	bar := pick(param)
	data, err := os.ReadFile(filepath.Join("/data", bar))
	use(data, err)
}
