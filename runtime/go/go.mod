module skc.dev/runtime

go 1.24

require github.com/yalue/onnxruntime_go v1.24.0
