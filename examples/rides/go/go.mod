module rides

go 1.24

require skc.dev/runtime v0.0.0

require github.com/yalue/onnxruntime_go v1.24.0 // indirect

replace skc.dev/runtime => ../../../runtime/go
