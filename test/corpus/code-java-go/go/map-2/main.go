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
	param := r.URL.Query().Get("name")
	values := map[string]string{"a": "x"}
	values["b"] = param
	bar := values["b"]
	rows, err := db.Query("SELECT * FROM t WHERE a = '" + bar + "'")
	use(rows, err)
}
