// Command endpointslices runs the EndpointSlice controller of Kubernetes against the API server of $KUBECONFIG until it
// is told to stop.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/pkg/controller/endpointslice"
)

const (
	endpointsPerSlice = 100 // the default of kube-controller-manager
	workers           = 4
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		log.Fatal(err)
	}
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	watched := informers.NewSharedInformerFactory(client, 0)
	controller := endpointslice.NewController(
		ctx,
		watched.Core().V1().Pods(),
		watched.Core().V1().Services(),
		watched.Core().V1().Nodes(),
		watched.Discovery().V1().EndpointSlices(),
		endpointsPerSlice,
		client,
		0,
	)
	watched.Start(ctx.Done())
	controller.Run(ctx, workers)
}
