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

type Given struct {
	Name string `json:"name"`
	Age  int    `json:"age"`
}

func handle(w http.ResponseWriter, r *http.Request) {
	param := r.URL.Query().Get("name")
	var given Given
	if err := json.Unmarshal([]byte(param), &given); err != nil {
		return
	}
	bar := given.Name
	fmt.Fprintf(w, "<b>%s</b>", bar)
}
