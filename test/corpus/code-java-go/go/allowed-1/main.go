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

func handle(w http.ResponseWriter, r *http.Request) {
	param := r.Header.Get("X-Name")
	allowed := map[string]bool{"a": true}
	if !allowed[param] {
		return
	}
	bar := param
	data, err := os.ReadFile(filepath.Join("/data", bar))
	use(data, err)
}
