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
	bar := "c"
	switch param {
	case "a", "b":
		bar = param
	}
	fmt.Fprintf(w, "<b>%s</b>", bar)
}
