// Package fields lists the fields of a Kubernetes type, so that drawn manifests can be held against it.
package fields

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

var marshaler = reflect.TypeFor[json.Marshaler]()

// Of returns the leaves of a type as JSON paths such as `spec.ingress[].ports[].endPort`, below the given fields only.
// Types that write themselves and maps are leaves; a type inside itself ends the path.
func Of(object any, below ...string) []string {
	var found []string
	walk(reflect.TypeOf(object), "", nil, &found)
	return slices.DeleteFunc(found, func(path string) bool {
		return !slices.ContainsFunc(below, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
	})
}

func walk(t reflect.Type, path string, inside []reflect.Type, found *[]string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	leaf := path != "" && (t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler))
	switch {
	case t.Kind() == reflect.Slice && !leaf && t.Elem().Kind() != reflect.Uint8:
		walk(t.Elem(), path+"[]", inside, found)
	case t.Kind() == reflect.Struct && !leaf && !slices.Contains(inside, t):
		for field := range fieldsOf(t) {
			walkField(field, path, append(slices.Clone(inside), t), found)
		}
	default:
		*found = append(*found, path)
	}
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if t.Field(i).IsExported() && !yield(t.Field(i)) {
				return
			}
		}
	}
}

func walkField(field reflect.StructField, path string, inside []reflect.Type, found *[]string) {
	name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch {
	case name == "-":
	case name == "" && (field.Anonymous || strings.Contains(options, "inline")):
		walk(field.Type, path, inside, found)
	default:
		walk(field.Type, strings.TrimPrefix(path+"."+name, "."), inside, found)
	}
}
