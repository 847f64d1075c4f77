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
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	param := string(body)
	allowed := map[string]bool{"a": true}
	if !allowed[param] {
		return
	}
	bar := param
	rows, err := db.Query("SELECT * FROM t WHERE a = '" + bar + "'")
	use(rows, err)
}
