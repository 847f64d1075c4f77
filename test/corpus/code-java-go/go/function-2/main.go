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

func change(text string) (string, error) {
	return strings.TrimSpace(text), nil
}

func handle(w http.ResponseWriter, r *http.Request) {
	param := r.URL.Query().Get("name")
	bar, err := change(param)
	if err != nil {
		return
	}
	response, err := http.Get("http://" + bar)
	use(response, err)
}
