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
	Name string
}

func handle(w http.ResponseWriter, r *http.Request) {
	param := r.FormValue("name")
	box := Box{Text: param, Name: "x"}
	bar := box.Name
	fmt.Fprintf(w, "<b>%s</b>", bar)
}
