// Reader calls the generated client as lines of a file say, and prints each answer as its models show it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	vendor "example.com/reader/vendor_client"
)

type call struct {
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Operation string            `json:"operation"`
	Arguments []json.RawMessage `json:"arguments"`
	HasBody   bool              `json:"has_body"`
}

func main() {
	file, err := os.Open(os.Args[1])
	check(err)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one call
		check(json.Unmarshal(lines.Bytes(), &one))
		answer, err := json.Marshal(answered(one))
		check(err)
		fmt.Println(string(answer))
	}
}

func answered(one call) interface{} {
	configuration := vendor.NewConfiguration()
	configuration.Servers = vendor.ServerConfigurations{{URL: one.URL}}
	configuration.DefaultHeader = one.Headers
	client := reflect.ValueOf(vendor.NewAPIClient(configuration)).Elem()
	name := strings.ToUpper(one.Operation[:1]) + one.Operation[1:]
	for index := 0; index < client.NumField(); index++ {
		if !client.Type().Field(index).IsExported() || !client.Field(index).MethodByName(name).IsValid() {
			continue
		}
		given := []reflect.Value{reflect.ValueOf(context.Background())}
		inPath := one.Arguments
		if one.HasBody {
			inPath = inPath[:len(inPath)-1]
		}
		method := client.Field(index).MethodByName(name)
		for number, value := range inPath {
			target := reflect.New(method.Type().In(number + 1))
			check(json.Unmarshal(value, target.Interface()))
			given = append(given, target.Elem())
		}
		request := method.Call(given)[0]
		if one.HasBody {
			request = withBody(request, one.Arguments[len(one.Arguments)-1])
		}
		results := request.MethodByName("Execute").Call(nil)
		if failed, ok := results[2].Interface().(error); ok {
			check(failed)
		}
		return results[0].Interface()
	}
	panic("no operation " + name)
}

func withBody(request reflect.Value, body json.RawMessage) reflect.Value {
	for index := 0; index < request.NumMethod(); index++ {
		method := request.Method(index)
		if method.Type().NumIn() == 1 && method.Type().In(0).Kind() == reflect.Struct {
			target := reflect.New(method.Type().In(0))
			check(json.Unmarshal(body, target.Interface()))
			return method.Call([]reflect.Value{target.Elem()})[0]
		}
	}
	panic("no body")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
