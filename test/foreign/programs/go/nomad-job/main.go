// Says whether Nomad knows all that a job file asks for: each block, key and kind of value is
// compared with the structs that Nomad itself decodes a job into. Nothing is sent anywhere.
package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/nomad/api"
	"github.com/zclconf/go-cty/cty"
)

// file is what stands at the outermost level of a job file.
type file struct {
	Jobs []*api.Job `hcl:"job,block"`
}

func main() {
	problems := []string{}
	for _, path := range os.Args[1:] {
		parsed, diagnostics := hclparse.NewParser().ParseHCLFile(path)
		if diagnostics.HasErrors() {
			problems = append(problems, diagnostics.Error())
			continue
		}
		body := parsed.Body.(*hclsyntax.Body)
		problems = append(problems, compare(body, reflect.TypeFor[file](), nil)...)
	}
	for _, problem := range problems {
		fmt.Fprintln(os.Stderr, problem)
	}
	if len(problems) > 0 || len(os.Args) < 2 {
		os.Exit(1)
	}
}

// compare tells what a struct of Nomad has no field for, or has one of another kind for.
func compare(body *hclsyntax.Body, shape reflect.Type, labels []string) []string {
	if shape.Kind() == reflect.Map {
		return nil // The user's own names: env, meta, a driver's config.
	}
	fields, wantsLabel := fieldsOf(shape)
	problems := []string{}
	complain := func(at hcl.Range, text string) {
		problems = append(problems, fmt.Sprintf("%s: %s in %s", at, text, shape.Name()))
	}
	// Nomad sets a job's own label by hand, so that its struct has no field marked for it.
	if shape != reflect.TypeFor[api.Job]() && wantsLabel != (len(labels) > 0) {
		complain(body.SrcRange, fmt.Sprintf("labels %q, wanted one: %t", labels, wantsLabel))
	}
	for name, attribute := range body.Attributes {
		field, known := fields[name]
		if !known || field.isBlock {
			complain(attribute.SrcRange, "no key "+name)
		} else if wanted := kindWanted(attribute.Expr, field.shape); wanted != "" {
			complain(attribute.SrcRange, "key "+name+" wants "+wanted)
		}
	}
	for _, block := range body.Blocks {
		field, known := fields[block.Type]
		if !known || !field.isBlock {
			complain(block.DefRange(), "no block "+block.Type)
			continue
		}
		problems = append(problems, compare(block.Body, field.shape, block.Labels)...)
	}
	return problems
}

type field struct {
	shape   reflect.Type
	isBlock bool
}

// fieldsOf reads the tags of a struct, and whether one of them takes the label.
func fieldsOf(shape reflect.Type) (map[string]field, bool) {
	fields, wantsLabel := map[string]field{}, false
	for each := range shape.Fields() {
		name, kind, _ := strings.Cut(each.Tag.Get("hcl"), ",")
		if kind == "label" {
			wantsLabel = true
		} else if name != "" {
			fields[name] = field{shape: element(each.Type, kind == "block"), isBlock: kind == "block"}
		}
	}
	return fields, wantsLabel
}

// element is what stands behind pointers, and, of a block, in a list or map of structs.
func element(shape reflect.Type, isBlock bool) reflect.Type {
	switch {
	case shape.Kind() == reflect.Pointer:
		return element(shape.Elem(), isBlock)
	case isBlock && shape.Kind() == reflect.Slice,
		isBlock && shape.Kind() == reflect.Map && shape.Elem().Kind() == reflect.Pointer:
		return element(shape.Elem(), isBlock)
	default:
		return shape
	}
}

// kindWanted is empty when a value is of the kind of its field. What Nomad fills in at the node,
// such as ${NOMAD_TASK_DIR}, is a string.
func kindWanted(expression hclsyntax.Expression, shape reflect.Type) string {
	kind := cty.String
	text := ""
	if value, diagnostics := expression.Value(nil); !diagnostics.HasErrors() {
		kind = value.Type()
		if kind == cty.String {
			text = value.AsString()
		}
	}
	switch {
	case shape == reflect.TypeFor[time.Duration]():
		if _, err := time.ParseDuration(text); err != nil {
			return "a duration"
		}
	case shape.Kind() == reflect.Slice && !kind.IsTupleType():
		return "a list"
	case shape.Kind() == reflect.String && kind != cty.String:
		return "a string"
	case shape.Kind() == reflect.Bool && kind != cty.Bool:
		return "true or false"
	case shape.Kind() >= reflect.Int && shape.Kind() <= reflect.Float64 && kind != cty.Number:
		return "a number"
	}
	return ""
}
